"""Contacts: an address is written to only after its reader has confirmed it by the code that was sent there (N1)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from messages.values import Role

from notify.domain.notification import Delivery, Language
from notify.domain.recipients import Recipient

CONFIRMATION_TEMPLATE = "contact-confirmation"
VALID_FOR = timedelta(days=7)
MAX_TRIES = 5
"""Wrong codes after which the code is void."""
CODE_DIGITS = 8

_TITLE_ZH = "确认接收通知的电子邮箱"
_BODY_ZH = (
    "有用户在绿色制造管理系统中登记了本邮箱，用于接收通知。确认码：{code}。"
    "请登录系统，在联系方式中填写确认码，{days}日内有效。如非本人操作，请忽略本邮件，本邮箱不会再收到其他邮件。"
)
_TITLE_EN = "Confirm this address for notices"
_BODY_EN = (
    "Somebody entered this address in the green manufacturing system to receive notices. Code: {code}. Enter it beside"
    " your contact within {days} days. If it was not you, ignore this e-mail: no other will follow."
)


@dataclass(frozen=True)
class Confirmation:
    """The code that is waited for before an address is used."""

    code_digest: str
    delivery_id: str
    until: datetime
    tries: int = 0
    """Wrong codes so far."""


@dataclass(frozen=True)
class Contact:
    """The address of a reader who wants e-mail beside the inbox. No other document holds an e-mail address."""

    reader: str
    role: Role
    organisation: str | None
    prefecture: str | None
    person: str | None
    email: str
    """As it was written."""
    language: Language = "zh"
    confirmation: Confirmation | None = None
    """None once the address is confirmed."""

    @property
    def confirmed(self) -> bool:
        return self.confirmation is None

    def takes(self, delivery: Delivery) -> bool:
        """Return whether this address gets the e-mail: before it is confirmed, the one with its code alone."""
        if self.confirmation is not None:
            return delivery.delivery_id == self.confirmation.delivery_id
        return delivery.template != CONFIRMATION_TEMPLATE


def contact_of(reader: Recipient, email: str, language: Language, confirmation: Confirmation | None = None) -> Contact:
    who = (reader.key, reader.role, reader.organisation, reader.prefecture, reader.subject)
    return Contact(*who, email, language, confirmation)


def new_code() -> str:
    """Return a code that nobody can know before it arrives."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def code_digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def confirmation_of(reader: Recipient, code: str, now: datetime) -> Confirmation:
    name = hashlib.sha256(f"{reader.key}>{code}>{now.isoformat()}".encode()).hexdigest()[:32]
    return Confirmation(code_digest(code), f"confirmation-{name}:email", now + VALID_FOR)


def confirmation_delivery(contact: Contact, confirmation: Confirmation, code: str, now: datetime) -> Delivery:
    """Return the only e-mail that an address gets before it is confirmed."""
    title, body = (_TITLE_ZH, _BODY_ZH) if contact.language == "zh" else (_TITLE_EN, _BODY_EN)
    return Delivery(
        delivery_id=confirmation.delivery_id,
        notice_id=confirmation.delivery_id.removesuffix(":email"),
        reader=contact.reader,
        role=contact.role,
        channel="email",
        template=CONFIRMATION_TEMPLATE,
        title=title,
        body=body.format(code=code, days=VALID_FOR.days),
        state="waiting",
        attempts=0,
        next_at=now,
    )


def is_void(confirmation: Confirmation, now: datetime) -> bool:
    return confirmation.tries >= MAX_TRIES or now > confirmation.until


def with_wrong_code(contact: Contact, confirmation: Confirmation) -> Contact:
    return replace(contact, confirmation=replace(confirmation, tries=confirmation.tries + 1))
