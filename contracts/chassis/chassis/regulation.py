"""The regulation's words in answers of the chassis; services pass the package ``rulebook``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from messages.values import Reason


class Regulation(Protocol):
    """Gives each refusal of the chassis its rule, its article and its text for people."""

    @property
    def IDEMPOTENCY_KEY_REUSED(self) -> Reason:  # noqa: N802 - a constant of the module that fits
        """The reason against another request under a key that was used before."""

    def reason(self, rule: str, code: str, text: str, evidence: str | None = None) -> Reason:
        """Return a reason with the article that the rule rests on."""

    def incompatible_roles(self, roles: Collection[str]) -> Reason | None:
        """Return the reason against these roles in one hand, if there is one (P3)."""
