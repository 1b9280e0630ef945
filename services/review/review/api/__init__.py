"""HTTP to handler: cases, experts and panels, batches, public notices."""

from __future__ import annotations

from chassis.http import APIRouter

from review.api import acts, batches, cases, experts, notices, objections, panels, prefecture, sheets

router = APIRouter(prefix="/v1")
for part in (cases, prefecture, experts, panels, sheets, batches, acts, notices, objections):
    router.include_router(part.router)
