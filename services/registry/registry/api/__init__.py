"""HTTP to handler: lists, register, removals and bans."""

from __future__ import annotations

from chassis.http.endpoint import ApiContext
from fastapi import APIRouter

from registry.api import removals, units
from registry.api import announced_lists
from registry.api import list_management


def router(gate: ApiContext) -> APIRouter:
    routes = APIRouter(prefix="/v1")
    for room in (announced, making, units, removals):
        room.add_routes(routes, gate)
    return routes
