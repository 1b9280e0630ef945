"""The protocol by which the regulation supplies reasons for refusals of the chassis; ``rulebook`` implements it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from messages.parties import Party
from messages.values import Reason


class Regulation(Protocol):
    """Supplies the rule, the article and the text of each refusal of the chassis."""

    @property
    def IDEMPOTENCY_KEY_REUSED(self) -> Reason:  # noqa: N802 - a constant of the module that fits
        """The reason to refuse another request under a used key."""

    def reason(self, rule: str, code: str, text: str, evidence: str | None = None) -> Reason:
        """Return a reason with the article that the rule rests on."""

    def incompatible_roles(self, roles: Collection[str]) -> Reason | None:
        """Return the reason to refuse one person with these roles, if there is one (P3)."""

    def duties_not_apart(self, acting: Party, parties: Iterable[Party]) -> Reason | None:
        """Return the reason why somebody may not act in a matter with these parties, if there is one (P3)."""

    def day_problems(self, entered: object, now: datetime) -> Sequence[Reason]:
        """Return the reasons to refuse days in a command that nobody may enter (T1)."""

    def unchecked_codes(self, entered: object) -> Mapping[tuple[object, ...], str]:
        """Return the codes in a command whose check character fails, by where they stand."""
