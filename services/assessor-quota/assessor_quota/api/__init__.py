"""HTTP to handler: the register of assessors and its history, sanctions, items, statements and success rates."""

from __future__ import annotations

from chassis.http.middleware import BodyLimit
from chassis.http.uploads import ROOM_FOR_FORM
from chassis.security.pseudonyms import KeyRing
from fastapi import APIRouter

from assessor_quota.api import assessors, bulk, entries, items, rates, reconciliation, sanctions, statements

BODY_LIMITS = (BodyLimit("/v1/assessors/imports", bulk.LARGEST + ROOM_FOR_FORM),)


def router(keys: KeyRing) -> APIRouter:
    """``keys`` make the digests by which legal representatives are known."""
    routes = APIRouter(prefix="/v1")
    # Before the entries, whose codes a file's name would be taken for.
    routes.include_router(bulk.router(keys))
    routes.include_router(assessors.router(keys))
    routes.include_router(entries.router())
    routes.include_router(sanctions.router())
    routes.include_router(items.router())
    routes.include_router(statements.router())
    routes.include_router(rates.router())
    routes.include_router(reconciliation.router())
    return routes
