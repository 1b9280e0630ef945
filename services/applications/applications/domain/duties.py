"""The parties of applications and of records about units: from whom whoever acts must be apart (P3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from messages.parties import Party
from messages.values import Evaluation, Level, Role, UnitRef

from applications.domain.application import Application


class Filed(Protocol):
    """An application, or the draft of one that its unit opens."""

    @property
    def unit(self) -> UnitRef: ...
    @property
    def evaluation(self) -> Evaluation: ...


class AboutUnit(Protocol):
    """A record about one organisation."""

    @property
    def uscc(self) -> str: ...


class AboutUnits(Protocol):
    @property
    def units(self) -> tuple[UnitRef, ...]: ...


def parties_of_filing(filed: Filed) -> Iterator[Party]:
    """Yield the unit and its assessor, and of a stored application everybody who has acted on it or judges it.

    A stored one that names its own unit is refused at its submission, with the article; until then the unit amends it.
    """
    known = filed if isinstance(filed, Application) else None
    group = known.report.group if known and known.report else None
    yield Party(Role.APPLICANT, known.submitted_by if known else None, (*_names(filed.unit), group))
    assessor = filed.evaluation.assessor
    if assessor is not None and (known is None or assessor.uscc != known.unit.uscc):
        yield Party(Role.ASSESSOR, None, (assessor.uscc, assessor.name))
    if known is None:
        return
    if (given := known.justification) is not None:
        role = Role.REGIONAL_OFFICER if given.level is Level.NATION else Role.PREFECTURE_OFFICER
        yield Party(role, given.by)
    for expert in known.experts:
        yield Party(Role.EXPERT, expert)


def parties_about_unit(record: AboutUnit) -> Iterator[Party]:
    """Yield the unit that a fact, a move or a code is about: its part is the applicant's."""
    yield Party(Role.APPLICANT, None, (record.uscc,))


def parties_about_units(record: AboutUnits) -> Iterator[Party]:
    yield Party(Role.APPLICANT, None, tuple(name for unit in record.units for name in _names(unit)))


def _names(unit: UnitRef) -> tuple[str | None, ...]:
    return unit.uscc, unit.name, unit.park_name
