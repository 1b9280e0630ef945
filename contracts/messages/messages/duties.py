"""The fields of every event about a duty, whoever owns it: each carries the deadline (N3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from messages.values import Identifier, Prefecture, Role, Text, Uscc, Value

HOLDERS: Mapping[str, Role] = MappingProxyType({"assessor_statement": Role.ASSESSOR})
"""Kind of duty → the role of those who hold it: the closed vocabulary of duties."""


class Duty(Value):
    """Something an organisation has to do by a day.

    Each owner's events extend ``DutyOpenedFacts``, ``DutyMetFacts`` and ``DutyOverdueFacts`` and narrow ``kind`` to its
    own words, so that a kind added by one owner changes no event of another, and whoever
    reminds needs to know no owner.
    """

    duty_id: Identifier
    kind: str
    holder: Uscc
    holder_name: Annotated[str, Field(min_length=1, max_length=200)]
    year: int
    """The year the duty is about; of a statement the one before that of its due day."""
    due: date
    """The last day on which it is met in time (T6)."""
    article: Text
    """Article that the day rests on (G3)."""

    @property
    def holder_role(self) -> Role:
        """The role in which the holder is notified and reminded."""
        return HOLDERS[self.kind]


class DutyOpenedFacts(Duty):
    opened_on: date
    provisional: bool
    """The due day falls in a year whose working days are not published yet (T3)."""


class DutyMetFacts(Duty):
    met_on: date
    late: bool


class DutyOverdueFacts(Duty):
    noted_on: date
    prefectures: tuple[Prefecture, ...]
    """Whose departments see it, besides the region: those the holder works in (S5)."""
