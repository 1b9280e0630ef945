"""The one place where a handler loads a case to act on it: as the newest word on its assessor and its unit has it.

A sanction or a ban is stored once, in the document of the assessor or unit, and a job brings the open cases to it
afterwards. So that nothing happens in between that the sanction or ban forbids, whoever acts reads that word again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, Self

from chassis.handling import Filter

from review.domain import assessors, notice, unit_status
from review.domain.assessors import AssessorStatus
from review.domain.case import Case
from review.domain.ranking import batch_id
from review.domain.record import Transition
from review.domain.unit_status import UnitStatus
from review.handlers.ports import Store


class OfCase(Protocol):
    """A command about one case."""

    @property
    def case_id(self) -> str: ...


@dataclass(frozen=True)
class DueCase:
    """A case for which something falls due, and the documents that acting on it reads: a batch loads them together."""

    case_id: str
    reads: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, case: Case) -> Self:
        return cls(case.case_id, (("cases", case.case_id), *_facts(case)))


async def documents_beside_case(command: OfCase, store: Store) -> list[tuple[str, str]]:
    """Return what a command reads beside its case: the facts that ``load_case`` reads, and the batch with its seed."""
    case = await store.cases.get(command.case_id)
    return [] if case is None else [*_facts(case), ("batches", batch_id(case.level, case.batch_year))]


def _facts(case: Case) -> Iterator[tuple[str, str]]:
    yield "unit_statuses", case.unit.uscc
    if case.assessor is not None:
        yield "assessors", case.assessor.uscc


@dataclass(frozen=True)
class CurrentCase:
    """A case as the newest word has it, and the transitions that brought it there, not saved yet."""

    case: Case
    caught_up: tuple[Transition, ...] = ()


async def load_case(case_id: str, store: Store, today: date) -> CurrentCase:
    """Return the case to act on; raise the Refusal "not-found" without it."""
    case = await store.cases.require(case_id)
    if case.ended:
        return CurrentCase(case)
    unit = await store.unit_statuses.get(case.unit.uscc)
    assessor = None if case.assessor is None else await store.assessors.get(case.assessor.uscc)
    return await _catch_up(case, unit, assessor, store, today)


async def find_cases(where: Filter, store: Store, today: date, *, limit: int = 0) -> list[CurrentCase]:
    """Return the matching cases to act on, in the order of their ids; limit 0 means all.

    ``where`` sees them as they are stored: ask the result, not the filter, whether one is suspended or has ended.
    """
    return await bring_to_newest_word(await store.cases.find(where, limit=limit), store, today)


async def bring_to_newest_word(cases: Sequence[Case], store: Store, today: date) -> list[CurrentCase]:
    """Return cases read just now with the newest word on each: one query for all units, one for all assessors."""
    open_cases = [case for case in cases if not case.ended]
    usccs = {case.unit.uscc for case in open_cases}
    units = {each.uscc: each for each in await store.unit_statuses.find(_any_of(usccs))} if usccs else {}
    usccs = {case.assessor.uscc for case in open_cases if case.assessor is not None}
    known = {each.uscc: each for each in await store.assessors.find(_any_of(usccs))} if usccs else {}
    return [
        await _catch_up(
            case, units.get(case.unit.uscc), known.get(case.assessor.uscc) if case.assessor else None, store, today
        )
        for case in cases
    ]


def _any_of(keys: set[str]) -> Filter:
    return {"_id": {"$in": sorted(keys)}}


async def _catch_up(
    case: Case, unit: UnitStatus | None, assessor: AssessorStatus | None, store: Store, today: date
) -> CurrentCase:
    """A ban ends the case, so that a sanction does not matter any more; a case that goes on may be clear at once."""
    found: list[Transition] = [] if unit is None else unit_status.stop_if_banned(case, unit, today)
    if not found and assessor is not None:
        found = assessors.follow_sanctions(case, assessor, today)
        if found and case.notice_id is not None:
            found += notice.clear_if_unopposed(found[-1].case, await store.notices.get(case.notice_id), today)
    return CurrentCase(found[-1].case if found else case, tuple(found))
