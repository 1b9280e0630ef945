"""Units in matters of the register, from which whoever acts must be apart (P3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from messages.parties import Party
from messages.values import Role, UnitRef

from registry.domain.removals import RemovalDecision


@dataclass(frozen=True)
class ListMatter:
    """The organisations that a list decides about, of those of whoever acts on it."""

    usccs: tuple[str, ...] = ()


def parties_of_list(matter: ListMatter) -> Iterator[Party]:
    """Yield the units of the actor's own organisation; those of others stand in nobody's way."""
    if matter.usccs:
        yield Party(Role.APPLICANT, None, matter.usccs)


def parties_of_removal(decision: RemovalDecision) -> Iterator[Party]:
    yield Party(Role.APPLICANT, None, _names(decision.unit))


def _names(unit: UnitRef) -> tuple[str | None, ...]:
    return unit.uscc, unit.name, unit.park_name
