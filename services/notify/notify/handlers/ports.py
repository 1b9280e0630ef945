"""Ports: what handlers need from outside, without the technology behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from chassis.handling import Collection

from notify.domain.contacts import Contact
from notify.domain.notification import Delivery, Notification
from notify.domain.reminders import DutyReminder
from notify.domain.texts import Template, Text


class Templates(Protocol):
    """The texts of notices."""

    def of_event(self, event_type: str) -> Sequence[Template]:
        """Return the templates of an event, newest first; none when the event notifies nobody."""

    def render(self, template: Template, facts: Mapping[str, Any]) -> Text:
        """Fill a template in; a name that the facts do not hold is an error."""


class Store(Protocol):
    @property
    def notices(self) -> Collection[Notification]: ...
    @property
    def contacts(self) -> Collection[Contact]: ...
    @property
    def deliveries(self) -> Collection[Delivery]: ...
    @property
    def duty_reminders(self) -> Collection[DutyReminder]: ...
    @property
    def templates(self) -> Templates: ...


class SendMail(Protocol):
    """Sends one e-mail; raises whatever keeps the server from taking it."""

    async def __call__(self, address: str, title: str, body: str, message_id: str, /) -> None: ...
