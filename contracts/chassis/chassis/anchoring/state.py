"""The state of the verification of a service's records, and the anchors that bind their heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from messages.digests import canonical_digest

from chassis.anchoring.chains import GENESIS, Link
from chassis.persistence.collections import DocumentCollection, Index
from chassis.persistence.unit_of_work import UnitOfWork

REST = timedelta(minutes=10)
"""Between two verifications of everything."""
LONGEST_REST = timedelta(minutes=30)
EXAMPLES = 20
"""Faults that are named; all are counted."""
AGGREGATE = {"record": "anchoring"}
ANCHOR_INDEXES = (Index("anchored_heads", (("anchor", 1), ("_id", 1))),)
ANCHOR_APPEND_ONLY = ("anchored_heads", "anchors")


@dataclass(frozen=True)
class AnchoredHead:
    """The end of a chain as it stood when it was anchored; ``key`` names the entry."""

    key: str
    anchor: int
    digest: str


@dataclass(frozen=True)
class Anchor:
    """One link of the chain of anchors."""

    number: int
    previous: str
    heads: int
    digest: str
    at: datetime

    @property
    def key(self) -> str:
        return anchor_key(self.number)


def anchor_key(number: int) -> str:
    return f"{number:09d}"


def anchor_digest(number: int, previous: str, heads: Sequence[AnchoredHead]) -> str:
    """Digest over the heads in the order of their keys, and the anchor before."""
    bound = sorted((each.key, each.digest) for each in heads)
    return canonical_digest({"number": number, "previous": previous, "heads": bound})


@dataclass(frozen=True)
class RecordFault:
    """One place at which a record is not what was written."""

    chains: str
    key: str
    text: str


@dataclass(frozen=True)
class Verification:
    """A walk through everything: what is behind ``after`` in the chains of number ``part`` is still to be read."""

    started_at: datetime
    part: int = 0
    after: str = ""
    last: Link | None = None
    """The entry read last."""
    last_anchored: bool = False
    entries: int = 0
    count: int = 0
    """Faults found."""
    faults: tuple[RecordFault, ...] = ()
    """The first of them."""

    def with_faults(self, found: Sequence[RecordFault]) -> Verification:
        return replace(self, count=self.count + len(found), faults=(*self.faults, *found)[:EXAMPLES])

    def in_next_part(self) -> Verification:
        return replace(self, part=self.part + 1, after="", last=None, last_anchored=False)


@dataclass(frozen=True)
class Report:
    """The result of the last complete walk."""

    started_at: datetime
    finished_at: datetime
    entries: int
    count: int
    faults: tuple[RecordFault, ...]


@dataclass(frozen=True)
class Anchoring:
    """The one document of a service's verification; its identifier is the service's name."""

    number: int = 0
    """Of the last anchor."""
    digest: str = GENESIS
    steps: int = 0
    walk: Verification | None = None
    report: Report | None = None

    @property
    def faults(self) -> int:
        """Return the number of faults that are known: of the walk under way, or of the last complete one."""
        return max(self.walk.count if self.walk else 0, self.report.count if self.report else 0)

    def next_walk(self, now: datetime) -> Verification | None:
        """Return the walk to go on with; None while it rests: longer after a long one."""
        if self.walk is not None:
            return self.walk
        if self.report is not None:
            took = self.report.finished_at - self.report.started_at
            if now - self.report.finished_at < max(REST, min(9 * took, LONGEST_REST)):
                return None
        return Verification(now)


class AnchoredStore:
    """The collections of anchoring on one unit of work; a service's store with records begins with them."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.anchoring = DocumentCollection(unit, "anchoring", Anchoring)
        self.anchors = DocumentCollection(unit, "anchors", Anchor)
        self.anchored_heads = DocumentCollection(unit, "anchored_heads", AnchoredHead)
