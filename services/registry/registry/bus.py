"""Event to handler."""

from __future__ import annotations

from chassis.inbox.subscriptions import Hears, hears
from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.review import CaseCleared, CaseClosed

from registry.handlers import assessors, cases
from registry.store import Store

HEARS: tuple[Hears, ...] = (
    hears(CaseCleared, cases.add_line, Store, reads=lambda event: [("clearances", event.case_id)]),
    hears(CaseClosed, cases.drop_line, Store, reads=lambda event: [("clearances", event.case_id)]),
    hears(AssessorSanctioned, assessors.note_sanction, Store),
    hears(SanctionRevoked, assessors.lift_sanction, Store),
)
