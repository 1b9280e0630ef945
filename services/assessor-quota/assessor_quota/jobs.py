"""Work that falls due by date: duties opened and overdue, success rates published; and the reconciler's sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.scheduling import Job
from rulebook import shanghai_date

from assessor_quota.domain.item import ItemState
from assessor_quota.domain.reconciliation import Reconciliation
from assessor_quota.domain.statements import DutyState, next_duty_cursor
from assessor_quota.handlers.namings import FollowUpNamings, follow_up_namings
from assessor_quota.handlers.rates import CountApplications, PublishRates, count_applications, publish_rates
from assessor_quota.handlers.reconciliation import RECONCILIATION, REST, CheckPage, check_page
from assessor_quota.handlers.statements import DUTY_CURSOR, MarkOverdue, OpenDuties, mark_overdue, open_duties
from assessor_quota.store import Store

BATCH_SIZE = 100
"""Documents of one item; the others are due at once when it is done."""


async def duties_to_open(store: Store, now: datetime) -> Sequence[OpenDuties]:
    step = next_duty_cursor(await store.duty_cursors.get(DUTY_CURSOR), shanghai_date(now))
    return [] if step is None else [OpenDuties(step.year, step.after)]


async def overdue_duties(store: Store, now: datetime) -> Sequence[MarkOverdue]:
    passed = {"state": DutyState.OPEN, "due": {"$lt": shanghai_date(now)}}
    found = await store.duties.find(passed, sort=[("due", 1)], limit=BATCH_SIZE)
    return [MarkOverdue(tuple(duty.duty_id for duty in found))] if found else []


async def applications_to_count(store: Store, _now: datetime) -> Sequence[CountApplications]:
    found = await store.progress.find({"uncounted": True}, limit=BATCH_SIZE)
    ids = tuple(each.application_id for each in found)
    return [CountApplications(ids, store.progress.version(ids[0]))] if ids else []


async def rates_to_publish(store: Store, now: datetime) -> Sequence[PublishRates]:
    due = {"pending": True, "due_on": {"$lte": shanghai_date(now)}}
    found = await store.rates.find(due, sort=[("due_on", 1)], limit=BATCH_SIZE)
    return [PublishRates(tuple((rate.rate_id, rate.revision) for rate in found))] if found else []


async def namings_to_follow_up(store: Store, now: datetime) -> Sequence[FollowUpNamings]:
    today = shanghai_date(now)
    due = {"state": ItemState.AWAITING, "next_on": {"$lte": today}}
    found = await store.items.find(due, sort=[("next_on", 1)], limit=BATCH_SIZE)
    ids = tuple(each.application_id for each in found)
    return [FollowUpNamings(ids, today)] if ids else []


async def next_page(store: Store, now: datetime) -> Sequence[CheckPage]:
    reconciliation = await store.reconciliations.get(RECONCILIATION) or Reconciliation()
    step = reconciliation.next_step(now, REST)
    return [] if step is None else [CheckPage(step.started_at, step.phase, step.after)]


JOBS = (
    Job(
        "open-duties",
        duties_to_open,
        lambda item: f"{item.year}:{item.after}",
        open_duties,
        prefetch=lambda _: [("duty_cursors", DUTY_CURSOR)],
    ),
    Job("note-overdue", overdue_duties, lambda item: item.duty_ids[0], mark_overdue),
    Job(
        "count-applications",
        applications_to_count,
        lambda item: f"{item.application_ids[0]}:{item.version}",
        count_applications,
    ),
    Job(
        "follow-up-namings",
        namings_to_follow_up,
        lambda item: f"{item.application_ids[0]}:{item.day}",
        follow_up_namings,
    ),
    Job(
        "publish-rates",
        rates_to_publish,
        lambda item: ":".join(map(str, item.revisions[0])),
        publish_rates,
    ),
    Job(
        "reconcile",
        next_page,
        lambda item: f"{item.started_at.isoformat()}:{item.phase}:{item.after}",
        check_page,
        prefetch=lambda _: [("reconciliations", RECONCILIATION)],
    ),
)
