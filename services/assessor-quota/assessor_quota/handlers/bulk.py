"""An existing register taken over at once: all of its rows, or none and everything that is wrong with them (S7)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Done, Refusal
from messages.event import Event
from messages.values import PersonRef, Reason, UnitType, Uscc

from assessor_quota.handlers.ports import Store
from assessor_quota.handlers.register import RegisterAssessor, register_assessor

SLICE = 50
"""Rows registered before others have a turn: hundreds at once would hold the event loop."""
ROWS_MAX = 500
"""Assessors of one import: it is one transaction, which others may have to wait for."""


@dataclass(frozen=True)
class Row:
    """One assessor of the file; ``cells`` maps a pointer into the registration to its cell, and "" to the row's."""

    registration: RegisterAssessor
    cells: Mapping[str, str]

    def at_row(self, wrong: Reason) -> Reason:
        cell = self.cells.get(wrong.pointer or "", self.cells[""])
        return wrong.model_copy(update={"text": f"{cell}：{wrong.text}", "pointer": cell})


@dataclass(frozen=True)
class ImportAssessors:
    rows: tuple[Row, ...]
    problems: tuple[Reason, ...] = ()
    """Of cells and rows that could not be read: nothing is entered then, and the other reasons are given too."""


@dataclass(frozen=True)
class ImportedAssessor:
    uscc: Uscc
    name: str
    representative: PersonRef
    scope: tuple[UnitType, ...]
    staff: int


def documents_read(command: ImportAssessors) -> Iterator[tuple[str, str]]:
    """Yield the keys of what an import reads: hundreds of documents, asked for at once."""
    for row in command.rows:
        entered = row.registration
        yield "assessors", entered.uscc
        for digest in (*entered.earlier_digests, entered.representative.digest):
            yield "persons", digest


async def import_assessors(command: ImportAssessors, store: Store, now: datetime) -> Done:
    """Register every row as if it came alone; one refused row refuses all, with the place and reason of each."""
    events: list[Event] = []
    problems = list(command.problems)
    for place, row in enumerate(command.rows):
        if place % SLICE == 0:
            await asyncio.sleep(0)
        registered, wrong = await _register_row(row, store, now)
        events += registered
        problems += [each for each in wrong if not (command.problems and each.code == "staff-missing")]
    if problems:
        raise Refusal("import-refused", *problems, status=422)
    return Done(events, [_imported_assessor(row.registration) for row in command.rows])


async def _register_row(row: Row, store: Store, now: datetime) -> tuple[Sequence[Event], list[Reason]]:
    """Return the events or reasons of one row; the caller drops the reasons about staff that could not be read."""
    try:
        done = await register_assessor(row.registration, store, now)
    except Refusal as refused:
        return [], [row.at_row(each) for each in refused.reasons]
    return done.events, []


def _imported_assessor(entered: RegisterAssessor) -> ImportedAssessor:
    return ImportedAssessor(entered.uscc, entered.name, entered.representative, entered.scope, len(entered.staff))
