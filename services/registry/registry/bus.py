"""Subscriptions: each event with its handler and the documents it needs."""

from __future__ import annotations

from typing import Any

from chassis.inbox import Subscription, subscribe
from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.review import CaseCleared, CaseClosed

from registry.handlers import assessors, cases

SUBSCRIPTIONS: tuple[Subscription[Any], ...] = (
    subscribe(CaseCleared, cases.add_line, prefetch=lambda event: [("clearances", event.case_id)]),
    subscribe(CaseClosed, cases.drop_line, prefetch=lambda event: [("clearances", event.case_id)]),
    subscribe(AssessorSanctioned, assessors.record_sanction),
    subscribe(SanctionRevoked, assessors.lift_sanction),
)
