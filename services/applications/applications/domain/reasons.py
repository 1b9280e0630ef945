"""Reasons with the article behind their rule (G3)."""

from __future__ import annotations

from messages.values import Reason
from rulebook import basis


def reason(rule: str, code: str, text: str, evidence: str | None = None, pointer: str | None = None) -> Reason:
    """``text`` is for the person concerned, in Chinese; ``evidence`` is what was found."""
    return Reason(rule=rule, article=basis(rule).article, code=code, text=text, evidence=evidence, pointer=pointer)
