"""An existing register taken over at once: all of its rows, or none and everything that is wrong with them (S7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Done, Refusal
from messages.event import Event
from messages.values import PersonRef, Reason, UnitType, Uscc

from assessor_quota.handlers.register import Register, RegisterAssessor, register_assessor

ROWS_MAX = 500
"""Assessors of one import: it is one transaction, which others may have to wait for."""


@dataclass(frozen=True)
class Row:
    """One assessor of the file; ``places`` maps a pointer into the registration to its cell, and "" to the row's."""

    registration: RegisterAssessor
    places: Mapping[str, str]

    def at_row(self, wrong: Reason) -> Reason:
        place = self.places.get(wrong.pointer or "", self.places[""])
        return wrong.model_copy(update={"text": f"{place}：{wrong.text}", "pointer": place})


@dataclass(frozen=True)
class ImportAssessors:
    rows: tuple[Row, ...]
    problems: tuple[Reason, ...] = ()
    """Of cells and rows that could not be read: nothing is entered then, and what the register says is told as well."""


@dataclass(frozen=True)
class Imported:
    uscc: Uscc
    name: str
    representative: PersonRef
    scope: tuple[UnitType, ...]
    staff: int


async def import_assessors(command: ImportAssessors, store: Register, now: datetime) -> Done:
    """Register every row as if it came alone; one that is refused refuses all, and each says where and why."""
    said: list[Event] = []
    problems = list(command.problems)
    for row in command.rows:
        events, wrong = await _entered(row, store, now)
        said += events
        problems += [each for each in wrong if not (command.problems and each.code == "staff-missing")]
    if problems:
        raise Refusal("import-refused", *problems, status=422)
    return Done(said, [_imported(row.registration) for row in command.rows])


async def _entered(row: Row, store: Register, now: datetime) -> tuple[Sequence[Event], list[Reason]]:
    """Staff that could not be read is missing here and has been told of: the caller leaves that complaint out."""
    try:
        done = await register_assessor(row.registration, store, now)
    except Refusal as refused:
        return [], [row.at_row(each) for each in refused.reasons]
    return done.events, []


def _imported(entered: RegisterAssessor) -> Imported:
    return Imported(entered.uscc, entered.name, entered.representative, entered.scope, len(entered.staff))
