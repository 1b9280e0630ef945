"""The reconciler: compares what counts for a list with what review said of its notices; it reports and drops nothing.

A clearance is taken with the notice that supports it, so a difference is a lost event, a document somebody changed, or
a publisher that says one thing of a notice and another of its cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from registry.domain.clearances import Clearance, ClearanceState
from registry.domain.notices import ConcludedNotice, Showing

LONGEST_REST = timedelta(minutes=30)
SETTLED_AFTER = timedelta(hours=1)
"""From the conclusion of a notice until its clearances are counted: they follow it, and may be deferred."""
EXAMPLES = 100
"""Differences named in a report; all are counted."""
COUNTED = frozenset({ClearanceState.WAITING, ClearanceState.FROZEN, ClearanceState.ANNOUNCED})


class DifferenceKind(StrEnum):
    CLEARED_WITHOUT_NOTICE = "cleared-without-notice"
    """A case counts for a list, and no concluded notice names it."""
    FEWER_THAN_REVIEW = "fewer-than-review"
    """Review cleared more cases of a notice than have arrived here: units miss the list."""
    MORE_THAN_REVIEW = "more-than-review"
    """More cases of a notice are cleared here than review cleared or left waiting."""


@dataclass(frozen=True)
class Difference:
    """One difference: the case, or the notice with both counts."""

    kind: DifferenceKind
    notice_id: str
    case_id: str | None = None
    here: int | None = None
    review: int | None = None


@dataclass(frozen=True)
class Summary:
    """Counts and examples of a sweep so far."""

    cases: int = 0
    notices: int = 0
    counts: Mapping[DifferenceKind, int] = field(default_factory=lambda: dict.fromkeys(DifferenceKind, 0))
    examples: tuple[Difference, ...] = ()

    def with_differences(self, found: Iterable[Difference]) -> Summary:
        listed = list(found)
        counts = Counter(self.counts) + Counter(each.kind for each in listed)
        return replace(
            self,
            counts={kind: counts[kind] for kind in DifferenceKind},
            examples=(*self.examples, *listed)[:EXAMPLES],
        )


class Phase(StrEnum):
    CASES = "cases"
    NOTICES = "notices"


@dataclass(frozen=True)
class Sweep:
    """A sweep under way: everything behind ``after`` in its phase is still to be compared."""

    started_at: datetime
    phase: Phase = Phase.CASES
    after: str = ""
    summary: Summary = field(default_factory=Summary)


@dataclass(frozen=True)
class ReconciliationReport:
    """The result of the last complete sweep."""

    started_at: datetime
    finished_at: datetime
    summary: Summary


@dataclass(frozen=True)
class Reconciliation:
    """The one document of the reconciler."""

    report: ReconciliationReport | None = None
    sweep: Sweep | None = None

    def next_step(self, now: datetime, rest: timedelta) -> Sweep | None:
        """Return where to go on; a new sweep when the last one ended at least ``rest`` ago, longer after a long one."""
        if self.sweep is not None:
            return self.sweep
        if self.report is not None:
            took = self.report.finished_at - self.report.started_at
            if now - self.report.finished_at < max(rest, min(9 * took, LONGEST_REST)):
                return None
        return Sweep(now)


def case_differences(
    cases: Iterable[Clearance], showings: Mapping[str, Showing], notices: Mapping[str, ConcludedNotice]
) -> Iterator[Difference]:
    """Yield the cases that count for a list without a concluded notice that names them."""
    for case in cases:
        showing = showings.get(case.case_id)
        named = showing is not None and showing.notice_id == case.notice_id and case.notice_id in notices
        if case.state in COUNTED and not named:
            yield Difference(DifferenceKind.CLEARED_WITHOUT_NOTICE, case.notice_id or "", case.case_id)


def notice_difference(notice: ConcludedNotice, here: int, now: datetime) -> Difference | None:
    """Return how the clearances of a notice here differ from review's counts; None when they agree."""
    if now - notice.received_at < SETTLED_AFTER:
        return None
    if here < notice.cleared:
        return Difference(DifferenceKind.FEWER_THAN_REVIEW, notice.notice_id, here=here, review=notice.cleared)
    most = notice.cleared + notice.waiting
    if here > most:
        return Difference(DifferenceKind.MORE_THAN_REVIEW, notice.notice_id, here=here, review=most)
    return None
