"""Domain gauges of quota, sanctions and statements; labels are closed vocabularies of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from chassis.anchoring import recorder_gauges
from chassis.observability import DomainGauge
from rulebook import rules_on, shanghai_date

from assessor_quota.domain.item import IN_USE, ItemState
from assessor_quota.domain.reconciliation import Reconciliation
from assessor_quota.domain.statements import DutyState
from assessor_quota.handlers.reconciliation import RECONCILIATION
from assessor_quota.store import Store

REASONS = (
    "assessor-not-registered",
    "assessor-deregistered",
    "assessor-sanctioned",
    "naming-denied",
    "naming-unanswered",
    "own-assessor",
    "outside-scope",
    "not-on-staff",
    "year-out-of-range",
    "quota-exhausted",
)
"""Codes of the reasons for which items are refused; any other is counted as ``other``."""
OTHER = "other"

REPORT_VALID_FOR = timedelta(hours=1)
"""Older reports are not shown: a reconciler that no longer finishes must not look like a register without fault."""

Values = Mapping[tuple[str, ...], float]


async def items_in_use(store: Store, now: datetime) -> Values:
    """Return the items of this year and later; those of earlier years do not change any more."""
    years = {"$gte": shanghai_date(now).year}
    return {(state,): await store.items.count({"state": state, "year": years}) for state in IN_USE}


async def items_refused(store: Store, now: datetime) -> Values:
    refused = {"state": ItemState.REFUSED, "year": shanghai_date(now).year}
    counts = {code: await store.items.count({**refused, "refused_as": code}) for code in REASONS}
    counts[OTHER] = await store.items.count(refused) - sum(counts.values())
    return {(code,): count for code, count in counts.items()}


async def representatives_exhausted(store: Store, now: datetime) -> Values:
    today = shanghai_date(now)
    full = {"$gte": rules_on(today).quota.items_per_year}
    return {(): await store.ledgers.count({"year": today.year, "used": full})}


async def sanctions_in_force(store: Store, now: datetime) -> Values:
    return {(): await store.sanctions.count({"last_day": {"$gte": shanghai_date(now)}})}


async def ledger_discrepancies(store: Store, now: datetime) -> Values:
    """Return the counts of the last complete sweep; none before the first one, and none when it is too old."""
    report = (await store.reconciliations.get(RECONCILIATION) or Reconciliation()).report
    if report is None or now - report.finished_at > REPORT_VALID_FOR:
        return {}
    return {(kind,): count for kind, count in report.summary.counts.items()}


async def oldest_reservation_age(store: Store, now: datetime) -> Values:
    """Return the age by the business clock; zero when nothing waits."""
    waiting = {"state": ItemState.RESERVED, "reserved_at": {"$ne": None}}
    oldest = await store.items.find(waiting, sort=[("reserved_at", 1)], limit=1)
    ages = [(now - item.reserved_at).total_seconds() for item in oldest if item.reserved_at is not None]
    return {(): max(ages, default=0.0)}


async def statements_overdue(store: Store, _now: datetime) -> Values:
    return {(): await store.duties.count({"state": DutyState.OVERDUE})}


GAUGES = (
    *recorder_gauges("assessor-quota"),
    DomainGauge(
        "quota_items_in_use",
        "Items reserved and confirmed, of this counting year and the ones to come",
        items_in_use,
        ("state",),
    ),
    DomainGauge(
        "quota_items_refused", "Items refused in this counting year, by the first reason", items_refused, ("reason",)
    ),
    DomainGauge(
        "quota_representatives_exhausted",
        "Legal representatives with no item left this year",
        representatives_exhausted,
    ),
    DomainGauge("quota_sanctions_in_force", "Sanctions in force today", sanctions_in_force),
    DomainGauge(
        "quota_ledger_discrepancies",
        "Discrepancies between ledgers, items and the progress of applications; must be 0",
        ledger_discrepancies,
        ("kind",),
    ),
    DomainGauge(
        "quota_oldest_reservation_age_seconds",
        "Age of the oldest item that is neither confirmed nor released",
        oldest_reservation_age,
    ),
    DomainGauge("quota_statements_overdue", "Annual statements not filed by their last day", statements_overdue),
)
