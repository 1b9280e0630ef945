"""The assessors' own word, given for a whole load before its submissions, as the peak of a season begins (Q5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from assessor_quota.domain.application_progress import ApplicationProgress
from assessor_quota.domain.entry import ActorRef
from assessor_quota.domain.naming import Naming, Word
from chassis.persistence.codec import codec
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import ChangeSet, Write
from messages.applications import ApplicationSubmitted
from messages.event import Event

INSERTED_AT_ONCE = 1_000
CONFIRMED_AT = datetime(2026, 4, 1, 2, tzinfo=UTC)
BY = ActorRef("assessor-1", ("assessor",))


@dataclass(frozen=True)
class NamedApplication:
    """An application, its unit and the assessor that it names."""

    application_id: str
    unit: str
    assessor: str


def named_applications(events: Iterable[Event]) -> Iterator[NamedApplication]:
    """Yield what the submissions among these events need a word for."""
    for each in events:
        if isinstance(each, ApplicationSubmitted) and (assessor := each.evaluation.assessor) is not None:
            yield NamedApplication(each.application_id, each.unit.uscc, assessor.uscc)


async def confirm_beforehand(database: Database, named: Iterable[NamedApplication]) -> None:
    """Insert each word as the command saves it; the commands themselves are measured and tested elsewhere."""
    waiting = iter(named)
    while chunk := list(islice(waiting, INSERTED_AT_ONCE)):
        writes = [Write("progress", each.application_id, 0, _document(each)) for each in chunk]
        await database.commit(ChangeSet([], writes, None))


def _document(named: NamedApplication) -> dict[str, object]:
    word = Naming(named.assessor, named.unit, Word.CONFIRMED, BY, CONFIRMED_AT)
    progress = ApplicationProgress(named.application_id, words=(word,))
    saved = codec(ApplicationProgress).dump(progress)
    return {"_id": named.application_id, "_version": 1, "_sequence": 1, **saved}
