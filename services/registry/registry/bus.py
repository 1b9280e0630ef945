"""Event to handler."""

from __future__ import annotations

from chassis.inbox.subscriptions import Subscription, subscribe
from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.review import CaseCleared, CaseClosed

from registry.handlers import assessors, cases
from registry.store import Store

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    subscribe(CaseCleared, cases.add_line, Store, reads=lambda event: [("clearances", event.case_id)]),
    subscribe(CaseClosed, cases.drop_line, Store, reads=lambda event: [("clearances", event.case_id)]),
    subscribe(AssessorSanctioned, assessors.record_sanction, Store),
    subscribe(SanctionRevoked, assessors.lift_sanction, Store),
)
