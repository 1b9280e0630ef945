"""HTTP to handler: cases, experts and panels, batches, public notices."""

from __future__ import annotations

from chassis.http.endpoint import ApiContext
from fastapi import APIRouter

from review.api import batches, cases, experts, notices, objections, prefecture, sheets


def router(gate: ApiContext) -> APIRouter:
    routes = APIRouter(prefix="/v1")
    for room in (cases, prefecture, experts, sheets, batches, notices, objections):
        routes.include_router(room.router(gate))
    return routes
