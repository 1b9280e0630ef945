"""HTTP to handler: the register of assessors and its history, sanctions, items, statements and success rates."""

from __future__ import annotations

from chassis.http.endpoint import ApiContext
from chassis.security.pseudonyms import KeyRing
from fastapi import APIRouter

from assessor_quota.api import assessors, bulk, entries, items, rates, reconciliation, sanctions, statements


def router(gate: ApiContext, keys: KeyRing) -> APIRouter:
    """``keys`` make the digests by which legal representatives are known."""
    routes = APIRouter(prefix="/v1")
    # Before the entries, whose codes a file's name would be taken for.
    routes.include_router(bulk.router(gate, keys))
    routes.include_router(assessors.router(gate, keys))
    routes.include_router(entries.router(gate))
    routes.include_router(sanctions.router(gate))
    routes.include_router(items.router(gate))
    routes.include_router(statements.router(gate))
    routes.include_router(rates.router(gate))
    routes.include_router(reconciliation.router(gate))
    return routes
