"""From HTTP to handlers: the register and its history, sanctions, items, namings, statements and success rates."""

from __future__ import annotations

from chassis.http import APIRouter

from assessor_quota.api import assessors, bulk, entries, items, namings, rates, reconciliation, sanctions, statements

router = APIRouter(prefix="/v1")
# The files come before the entries, whose path would take a file's name for a code.
for routes in (bulk, assessors, entries, sanctions, items, namings, statements, rates, reconciliation):
    router.include_router(routes.router)
