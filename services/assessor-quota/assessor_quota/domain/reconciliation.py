"""The reconciler: whether ledgers, items and what applications and review said agree; it finds and frees nothing (Q2).

Ledger, item and course of an application change in one transaction, and what is compared here is read at one instant.
So an event on its way is no drift: it is in none of the three, or in all of them.
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

EXAMPLES = 100
"""Drifts named in a finding; all are counted."""


class DiscrepancyKind(StrEnum):
    LINE_WITHOUT_ITEM = "line-without-item"
    """A place is taken by an application that has no item in use here: somebody may be refused for it."""
    ITEM_WITHOUT_LINE = "item-without-line"
    """An item in use takes no place: one more than allowed could be granted."""
    RESERVED_AFTER_END = "reserved-after-end"
    """The application ended before initial review accepted it, and its item is still reserved: it leaks."""
    GIVEN_BACK_AFTER_ACCEPTANCE = "given-back-after-acceptance"
    """Initial review accepted the application, nothing was heard that gives the item back, and it is free."""
    OVER_LIMIT = "over-limit"
    """More items granted than allowed; those carried to a new representative are not counted (Q4)."""


@dataclass(frozen=True)
class Discrepancy:
    """One drift: the application, and the ledger where it is about one."""

    kind: DiscrepancyKind
    application_id: str
    ledger: str | None = None


@dataclass(frozen=True)
class Summary:
    """What a sweep has found so far."""

    items: int = 0
    ledgers: int = 0
    counts: Mapping[DiscrepancyKind, int] = field(default_factory=lambda: dict.fromkeys(DiscrepancyKind, 0))
    examples: tuple[Discrepancy, ...] = ()

    def with_found(self, found: Iterable[Discrepancy]) -> Summary:
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
    """A sweep under way: what comes after ``after`` in its phase is still to be looked at."""

    started_at: datetime
    phase: Phase = Phase.ITEMS
    after: str = ""
    tally: Summary = field(default_factory=Summary)

    def past_items(self, items: Sequence[QuotaItem], found: Iterable[Discrepancy], page: int) -> Sweep:
        tally = replace(self.tally, items=self.tally.items + len(items)).with_found(found)
        if len(items) < page:
            return replace(self, phase=Phase.LEDGERS, after="", tally=tally)
        return replace(self, after=items[-1].application_id, tally=tally)

    def past_ledgers(self, ledgers: Sequence[Ledger], found: Iterable[Discrepancy]) -> Sweep:
        tally = replace(self.tally, ledgers=self.tally.ledgers + len(ledgers)).with_found(found)
        return replace(self, after=ledgers[-1].key if ledgers else self.after, tally=tally)


@dataclass(frozen=True)
class ReconciliationReport:
    """What the last complete sweep found."""

    started_at: datetime
    finished_at: datetime
    tally: Summary


@dataclass(frozen=True)
class Reconciliation:
    """The one document of the reconciler."""

    finding: ReconciliationReport | None = None
    sweep: Sweep | None = None

    def finished(self, sweep: Sweep, now: datetime) -> Reconciliation:
        return Reconciliation(ReconciliationReport(sweep.started_at, now, sweep.tally))

    def next_step(self, now: datetime, rest: timedelta) -> Sweep | None:
        """Where to go on; a new sweep when the last one ended longer than ``rest`` ago."""
        if self.sweep is not None:
            return self.sweep
        if self.finding is not None and now - self.finding.finished_at < rest:
            return None
        return Sweep(now)


def drifts(
    courses: Iterable[ApplicationProgress], items: Iterable[QuotaItem], ledgers: Iterable[Ledger]
) -> list[Discrepancy]:
    """Every drift among all there is; the same page by page when each page holds what its items or ledgers name."""
    by_application = {each.application_id: each for each in items}
    course_of = {each.application_id: each for each in courses}
    by_key = {each.key: each for each in ledgers}
    return [
        *(found for item in by_application.values() for found in item_drifts(item, by_key, course_of)),
        *(found for ledger in by_key.values() for found in ledger_drifts(ledger, by_application)),
    ]


def item_drifts(
    item: QuotaItem, ledgers: Mapping[str, Ledger], courses: Mapping[str, ApplicationProgress]
) -> Iterator[Discrepancy]:
    """What is wrong seen from an item; an item without a course was heard of before courses were kept."""
    if item.in_use:
        for key in item.ledgers or (None,):
            if key is None or key not in ledgers or not _holds(ledgers[key], item):
                yield Discrepancy(DiscrepancyKind.ITEM_WITHOUT_LINE, item.application_id, key)
    course = courses.get(item.application_id)
    if course is None:
        return
    if item.state is ItemState.RESERVED and course.gave_item_back:
        yield Discrepancy(DiscrepancyKind.RESERVED_AFTER_END, item.application_id)
    if item.state is ItemState.RELEASED and course.accepted and not course.gave_item_back:
        yield Discrepancy(DiscrepancyKind.GIVEN_BACK_AFTER_ACCEPTANCE, item.application_id)


def ledger_drifts(ledger: Ledger, items: Mapping[str, QuotaItem]) -> Iterator[Discrepancy]:
    """What is wrong seen from a ledger."""
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
    """What the most generous of the rule sets allows under which they were granted."""
    versions = {item.rule_set for item in granted if item.rule_set is not None}
    return max((rules_of(version).quota.items_per_year for version in versions), default=len(granted))


def _holds(ledger: Ledger, item: QuotaItem) -> bool:
    return any(line.application_id == item.application_id for line in ledger.lines)
