"""Parties of a matter: who takes part in it, in which role and for which organisations (P3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from messages.spelling import normalized_name


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who acts in a matter, has acted in it, or whom it is about."""

    role: str
    subject: str | None = None
    """The person, as the identity provider names them."""
    organisations: tuple[str | None, ...] = ()
    """Codes and names, as far as they are known: the organisation itself, its group."""

    def shares_person_with(self, other: Party) -> bool:
        return self.subject is not None and self.subject == other.subject

    def shares_organisation_with(self, other: Party) -> bool:
        """Whether one organisation is named by both, however it is written."""
        return not _compared(self.organisations).isdisjoint(_compared(other.organisations))


def _compared(organisations: Iterable[str | None]) -> frozenset[str]:
    return frozenset(found for each in organisations if each and (found := normalized_name(each)))
