"""A service of one collection, for the tests and measurements of delivery itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from messages.event import Event
from messages.notify import NoticeDelivered
from messages.values import Role

from chassis.persistence.unit_of_work import Run
from chassis.outbox.entries import Cause
from chassis.persistence.collections import Documents, Index
from chassis.persistence.unit_of_work import Key, Unit
from chassis.transactions.work import Work

SERVICE = "notify"
AGGREGATES = {"notice": "notices"}
INDEXES = (Index("notices", (("label", 1),), unique=True, partial={"label": {"$exists": True, "$gt": ""}}),)


@dataclass(frozen=True)
class Tally:
    """How often a notice was touched, and by what, in order."""

    count: int = 0
    words: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Touch:
    notice: str
    word: str = ""
    label: str = ""


class Store:
    def __init__(self, unit: Unit) -> None:
        self.notices = Documents(unit, "notices", Tally)


async def touch(command: Touch, store: Store, _now: datetime) -> list[Event]:
    """Count one touch and say that the notice was delivered."""
    before = await store.notices.get(command.notice) or Tally()
    after = replace(before, count=before.count + 1, words=(*before.words, command.word), label=command.label)
    store.notices.save(command.notice, after)
    return [delivered(command.notice)]


def delivered(notice: str) -> NoticeDelivered:
    return NoticeDelivered(notice_id=notice, channel="inbox", role=Role.APPLICANT, template="sample")


def running(command: Touch) -> Run:
    return lambda unit, now: touch(command, Store(unit), now)


def work(inbox_id: str, run: Run, reads: Iterable[Key] = (), digest: str | None = None) -> Work:
    return Work(inbox_id, run, Cause(inbox_id), consumer=SERVICE, reads=reads, digest=digest)
