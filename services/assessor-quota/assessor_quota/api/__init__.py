"""HTTP to handler: the register of assessors, its history, their sanctions and their items."""

from __future__ import annotations

from chassis.http import Gate
from chassis.identity import Keys
from fastapi import APIRouter

from assessor_quota.api import assessors, entries, items, sanctions


def router(gate: Gate, keys: Keys) -> APIRouter:
    """``keys`` make the digests by which legal representatives are known."""
    routes = APIRouter(prefix="/v1")
    routes.include_router(assessors.router(gate, keys))
    routes.include_router(entries.router(gate))
    routes.include_router(sanctions.router(gate))
    routes.include_router(items.router(gate))
    return routes
