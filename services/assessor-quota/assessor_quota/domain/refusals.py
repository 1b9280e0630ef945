"""Refusals for one reason, with its rule, its article and words for the person concerned (G3)."""

from __future__ import annotations

from chassis.handling import Refusal
from rulebook import reason


def refusal(rule: str, code: str, text: str, *, evidence: str | None = None, status: int = 409) -> Refusal:
    """Return the refusal for one reason of the same code."""
    return Refusal(code, reason(rule, code, text, evidence=evidence), status=status)
