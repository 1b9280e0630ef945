"""The published list of a notice: its lines, their order, and the digest that proves it never changed (V9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from messages.digests import canonical_digest
from messages.values import UnitRef

from review.domain.case import Case


@dataclass(frozen=True)
class NoticeLine:
    """One unit of the published list."""

    notice_id: str
    case_id: str
    unit: UnitRef
    rank: int
    """Rank among the units of the same type."""

    @property
    def key(self) -> str:
        return f"{self.notice_id}:{self.case_id}"


LINE_ORDER = (("unit.unit_type", 1), ("rank", 1))
"""The order of the published list; what ties in it goes by the case."""


def line_of(case: Case, notice_id: str) -> NoticeLine:
    return NoticeLine(notice_id, case.case_id, case.unit, case.rank or 1)


class ListSeal:
    """The digest of a published list, of its lines in their order; it takes them piece by piece."""

    def __init__(self) -> None:
        self._chain = sha256()
        self.shown = 0

    def add(self, lines: Iterable[NoticeLine]) -> None:
        for line in lines:
            self.shown += 1
            content = [line.case_id, line.unit.model_dump(mode="json"), line.rank]
            self._chain.update(canonical_digest(content).encode())

    @property
    def digest(self) -> str:
        return self._chain.hexdigest()
