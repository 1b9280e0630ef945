"""Assessors in matters of the register, from which whoever acts must be apart (P3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from messages.parties import Party
from messages.values import Role


class OfAssessor(Protocol):
    """An entry, a registration or a statement of one assessor."""

    @property
    def uscc(self) -> str: ...


@dataclass(frozen=True)
class Registrations:
    """The assessors of one import."""

    usccs: tuple[str, ...]


def parties_of_assessor(matter: OfAssessor) -> Iterator[Party]:
    yield from _assessors((matter.uscc,))


def parties_of_registrations(matter: OfAssessor | Registrations) -> Iterator[Party]:
    yield from _assessors(matter.usccs if isinstance(matter, Registrations) else (matter.uscc,))


def _assessors(usccs: Iterable[str]) -> Iterator[Party]:
    yield Party(Role.ASSESSOR, None, tuple(usccs))
