"""The end of a case's record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecordHead:
    """The end of the case's record: a record cut short or changed does not lead here (V14)."""

    entries: int = 0
    digest: str = "0" * 64


NO_ENTRY = RecordHead()
"""The head of a record that has not begun."""
