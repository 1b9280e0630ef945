"""Representations for readers and operators."""

from __future__ import annotations

from datetime import datetime

from chassis.http import View
from messages.values import Role

from notify.domain.notification import Language, State


class NoticeView(View):
    """The notice of one event to one reader, in Chinese and English."""

    notice_id: str
    about: str
    """Type, subject and sequence of the event."""
    event_type: str
    subject: str
    role: Role
    organisation: str | None
    prefecture: str | None
    person: str | None
    template: str
    template_version: str
    title: str
    body: str
    title_en: str
    body_en: str
    at: datetime
    read_at: datetime | None


class ContactState(View):
    """A contact without its address."""

    role: Role
    language: Language
    confirmed: bool
    """Whether notices are sent there; before that, the code alone."""


class ContactView(ContactState):
    email: str
    """As it was written."""


class DeliveryView(View):
    """A delivery as an operator sees it: no text, no address."""

    delivery_id: str
    notice_id: str
    role: Role
    template: str
    state: State
    attempts: int
    cause: str | None
