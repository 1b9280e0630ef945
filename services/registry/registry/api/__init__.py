"""HTTP to handler: lists, register, removals and bans."""

from __future__ import annotations

from chassis.http.endpoint import ApiContext
from fastapi import APIRouter

from registry.api import announced_lists, list_management, removals, units


def router(gate: ApiContext) -> APIRouter:
    routes = APIRouter(prefix="/v1")
    for room in (announced_lists, list_management, units, removals):
        room.add_routes(routes, gate)
    return routes
