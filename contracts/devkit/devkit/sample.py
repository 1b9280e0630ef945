"""A sample service with one collection, for tests and benchmarks of delivery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.outbox.entries import Causation
from chassis.persistence import DocumentCollection, Index, UnitOfWork
from chassis.persistence.unit_of_work import HandlerCall, Key
from chassis.transactions.work import WorkItem
from messages.event import Event
from messages.notify import NoticeDelivered
from messages.values import Role

SERVICE = "notify"
AGGREGATES = {"notice": "notices"}
INDEXES = (Index("notices", (("label", 1),), unique=True, partial={"label": {"$exists": True, "$gt": ""}}),)


@dataclass(frozen=True)
class TouchCounter:
    """The number of touches of a notice, and their words in order."""

    count: int = 0
    words: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Touch:
    notice: str
    word: str = ""
    label: str = ""


class Store:
    def __init__(self, unit: UnitOfWork) -> None:
        self.notices = DocumentCollection(unit, "notices", TouchCounter)


async def touch(command: Touch, store: Store, _now: datetime) -> list[Event]:
    """Count one touch and publish that the notice was delivered."""
    before = await store.notices.get(command.notice) or TouchCounter()
    after = replace(before, count=before.count + 1, words=(*before.words, command.word), label=command.label)
    store.notices.save(command.notice, after)
    return [delivered(command.notice)]


def delivered(notice: str) -> NoticeDelivered:
    return NoticeDelivered(notice_id=notice, channel="inbox", role=Role.APPLICANT, template="sample")


def touch_call(command: Touch) -> HandlerCall:
    return lambda unit, now: touch(command, Store(unit), now)


def work_item(inbox_id: str, run: HandlerCall, prefetch: Iterable[Key] = (), digest: str | None = None) -> WorkItem:
    return WorkItem(inbox_id, run, Causation(inbox_id), consumer=SERVICE, prefetch=prefetch, digest=digest)
