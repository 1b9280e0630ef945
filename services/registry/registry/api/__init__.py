"""HTTP to handler: lists, register, removals and bans."""

from __future__ import annotations

from fastapi import APIRouter

from registry.api import announced_lists, list_management, removals, units


def router() -> APIRouter:
    routes = APIRouter(prefix="/v1")
    for room in (announced_lists, list_management, units, removals):
        room.add_routes(routes)
    return routes
