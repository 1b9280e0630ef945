"""HTTP to handler: cases, experts and panels, batches, public notices."""

from __future__ import annotations

from fastapi import APIRouter

from review.api import batches, cases, experts, notices, objections, prefecture, sheets


def router() -> APIRouter:
    routes = APIRouter(prefix="/v1")
    for room in (cases, prefecture, experts, sheets, batches, notices, objections):
        routes.include_router(room.router())
    return routes
