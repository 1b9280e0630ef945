"""The reconciler: compares ledgers, items and the progress of applications; it reports and frees nothing (Q2).

Ledger, item and progress of an application change in one transaction, and all of them are read here at one instant.
So an event on its way is no discrepancy: it is in none of the three, or in all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rulebook import rules_of

from assessor_quota.domain.application_progress import ApplicationProgress
from assessor_quota.domain.item import ItemState, QuotaItem
from assessor_quota.domain.ledger import Ledger

LONGEST_REST = timedelta(minutes=30)
EXAMPLES = 100
"""Discrepancies named in a report; all are counted."""


class DiscrepancyKind(StrEnum):
    LINE_WITHOUT_ITEM = "line-without-item"
    """An application without an item in use here takes a slot: somebody may be refused for it."""
    ITEM_WITHOUT_LINE = "item-without-line"
    """An item in use takes no slot: one more than allowed could be granted."""
    RESERVED_AFTER_END = "reserved-after-end"
    """The application ended before initial review accepted it, and its item is still reserved: it leaks."""
    GIVEN_BACK_AFTER_ACCEPTANCE = "given-back-after-acceptance"
    """Initial review accepted the application, no event released the item, and it is free."""
    OVER_LIMIT = "over-limit"
    """More items granted than allowed; those carried to a new representative are not counted (Q4)."""


@dataclass(frozen=True)
class Discrepancy:
    """One discrepancy: the application, and the ledger where one is concerned."""

    kind: DiscrepancyKind
    application_id: str
    ledger: str | None = None


@dataclass(frozen=True)
class Summary:
    """Counts and examples of a sweep so far."""

    items: int = 0
    ledgers: int = 0
    counts: Mapping[DiscrepancyKind, int] = field(default_factory=lambda: dict.fromkeys(DiscrepancyKind, 0))
    examples: tuple[Discrepancy, ...] = ()

    def with_discrepancies(self, found: Iterable[Discrepancy]) -> Summary:
        listed = list(found)
        counts = Counter(self.counts) + Counter(each.kind for each in listed)
        return replace(
            self,
            counts={kind: counts[kind] for kind in DiscrepancyKind},
            examples=(*self.examples, *listed)[:EXAMPLES],
        )


class Phase(StrEnum):
    ITEMS = "items"
    LEDGERS = "ledgers"


@dataclass(frozen=True)
class Sweep:
    """A sweep under way: everything behind ``after`` in its phase is still to be compared."""

    started_at: datetime
    phase: Phase = Phase.ITEMS
    after: str = ""
    summary: Summary = field(default_factory=Summary)

    def with_items(self, items: Sequence[QuotaItem], found: Iterable[Discrepancy], page: int) -> Sweep:
        summary = replace(self.summary, items=self.summary.items + len(items)).with_discrepancies(found)
        if len(items) < page:
            return replace(self, phase=Phase.LEDGERS, after="", summary=summary)
        return replace(self, after=items[-1].application_id, summary=summary)

    def with_ledgers(self, ledgers: Sequence[Ledger], found: Iterable[Discrepancy]) -> Sweep:
        summary = replace(self.summary, ledgers=self.summary.ledgers + len(ledgers)).with_discrepancies(found)
        return replace(self, after=ledgers[-1].key if ledgers else self.after, summary=summary)


@dataclass(frozen=True)
class ReconciliationReport:
    """The result of the last complete sweep."""

    started_at: datetime
    finished_at: datetime
    summary: Summary

    @property
    def rest(self) -> timedelta:
        """Return the rest that leaves nine tenths of the time to others, while the report does not grow too old."""
        return min(9 * (self.finished_at - self.started_at), LONGEST_REST)


@dataclass(frozen=True)
class Reconciliation:
    """The one document of the reconciler."""

    report: ReconciliationReport | None = None
    sweep: Sweep | None = None

    def finished(self, sweep: Sweep, now: datetime) -> Reconciliation:
        return Reconciliation(ReconciliationReport(sweep.started_at, now, sweep.summary))

    def next_step(self, now: datetime, rest: timedelta) -> Sweep | None:
        """Return where to go on; a new sweep when the last one ended at least ``rest`` ago, longer after a long one."""
        if self.sweep is not None:
            return self.sweep
        if self.report is not None and now - self.report.finished_at < max(rest, self.report.rest):
            return None
        return Sweep(now)


def item_discrepancies(
    item: QuotaItem, ledgers: Mapping[str, Ledger], progress: ApplicationProgress
) -> Iterator[Discrepancy]:
    """Yield the discrepancies of one item against its ledgers and the progress of its application."""
    if item.in_use:
        for key in item.ledgers or (None,):
            if key is None or key not in ledgers or not _holds(ledgers[key], item):
                yield Discrepancy(DiscrepancyKind.ITEM_WITHOUT_LINE, item.application_id, key)
    if item.state is ItemState.RESERVED and progress.releases_item:
        yield Discrepancy(DiscrepancyKind.RESERVED_AFTER_END, item.application_id)
    given_back = item.state is ItemState.RELEASED and not item.denied
    if given_back and progress.initial_review_accepted and not progress.releases_item:
        yield Discrepancy(DiscrepancyKind.GIVEN_BACK_AFTER_ACCEPTANCE, item.application_id)


def ledger_discrepancies(ledger: Ledger, items: Mapping[str, QuotaItem]) -> Iterator[Discrepancy]:
    """Yield the discrepancies of one ledger against its items."""
    granted: list[QuotaItem] = []
    for line in ledger.lines:
        item = items.get(line.application_id)
        if item is None or not item.in_use or ledger.key not in item.ledgers:
            yield Discrepancy(DiscrepancyKind.LINE_WITHOUT_ITEM, line.application_id, ledger.key)
        elif line.carried_on is None:
            granted.append(item)
    for beyond in granted[_limit(granted) :]:
        yield Discrepancy(DiscrepancyKind.OVER_LIMIT, beyond.application_id, ledger.key)


def _limit(granted: Sequence[QuotaItem]) -> int:
    """Return the highest limit of the rule sets under which they were granted."""
    versions = {item.rule_set for item in granted if item.rule_set is not None}
    return max((rules_of(version).quota.items_per_year for version in versions), default=len(granted))


def _holds(ledger: Ledger, item: QuotaItem) -> bool:
    return any(line.application_id == item.application_id for line in ledger.lines)
