"""HTTP to handler: lists, register, removals and bans."""

from __future__ import annotations

from chassis.http import APIRouter

from registry.api import announced_lists, list_management, reconciliation, removals, units

router = APIRouter()
for _routes in (announced_lists, list_management, units, removals, reconciliation):
    router.include_router(_routes.router)
