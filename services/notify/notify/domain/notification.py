"""A notice, its delivery by e-mail, and the time at which a failed try is repeated (N2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from messages.notify import Channel
from messages.values import Role

Language = Literal["zh", "en"]
State = Literal["waiting", "delivered", "failed"]

FIRST_DELAY = timedelta(minutes=1)
"""Doubles with each failed try."""
MAX_ATTEMPTS = 6
_EMAIL = ":email"


@dataclass(frozen=True)
class Notification:
    """The notice of one event to one reader; shown once (N2)."""

    notice_id: str
    about: str
    """Type, subject and sequence of the event: with the reader they make a notice unique."""
    event_type: str
    subject: str
    reader: str
    """Key of the reader's inbox: one index leads to every inbox, and to the board, in the order of time."""
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
    read_at: datetime | None = None
    saved: datetime | None = None
    """Real time of reading: the server removes read notices by its own clock, and ``read_at`` may be simulated."""

    def read(self, now: datetime, real_time: datetime) -> Notification:
        """Reading twice keeps the first time."""
        return self if self.read_at is not None else replace(self, read_at=now, saved=real_time)


@dataclass(frozen=True)
class Delivery:
    """The way of one notice by one channel beside the inbox."""

    delivery_id: str
    notice_id: str
    reader: str
    role: Role
    channel: Channel
    template: str
    title: str
    body: str
    state: State
    attempts: int
    next_at: datetime
    cause: str | None = None
    last_try: int = MAX_ATTEMPTS
    """The try after which it is parked."""
    resent_by: str | None = None


@dataclass(frozen=True)
class Attempt:
    """The result of one try; ``cause`` is None when the channel took it."""

    delivery_id: str
    number: int
    cause: str | None


def delivery_key(notice_id: str) -> str:
    return f"{notice_id}{_EMAIL}"


def noticed_by(delivery_id: str) -> str:
    """Return the notice that the delivery brings."""
    return delivery_id.removesuffix(_EMAIL)


def delivery_of(notice: Notification, language: Language, now: datetime) -> Delivery:
    """The e-mail of a notice, in the language the reader chose; one per notice and channel."""
    chinese = language == "zh"
    return Delivery(
        delivery_id=delivery_key(notice.notice_id),
        notice_id=notice.notice_id,
        reader=notice.reader,
        role=notice.role,
        channel="email",
        template=notice.template,
        title=notice.title if chinese else notice.title_en,
        body=notice.body if chinese else notice.body_en,
        state="waiting",
        attempts=0,
        next_at=now,
    )


def with_attempt(delivery: Delivery, attempt: Attempt, now: datetime) -> Delivery:
    """The delivery after one more try; a try already counted changes nothing."""
    if attempt.number <= delivery.attempts or delivery.state != "waiting":
        return delivery
    if attempt.cause is None:
        return replace(delivery, state="delivered", attempts=attempt.number, cause=None)
    if attempt.number >= delivery.last_try:
        return replace(delivery, state="failed", attempts=attempt.number, cause=attempt.cause)
    delay = FIRST_DELAY * 2 ** (attempt.number - 1)
    return replace(delivery, attempts=attempt.number, next_at=now + delay, cause=attempt.cause)


def with_resend(delivery: Delivery, by: str, now: datetime) -> Delivery:
    """The parked delivery, waiting again at an operator's request; tries go on counting: each is recorded once."""
    last_try = delivery.attempts + MAX_ATTEMPTS
    return replace(delivery, state="waiting", last_try=last_try, next_at=now, cause=None, resent_by=by)
