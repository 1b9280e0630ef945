"""HTTP to handler: own inbox, public board, own contact, and the operator's deliveries."""

from __future__ import annotations

from chassis.http import APIRouter

from notify.api import contacts, deliveries, notices

router = APIRouter()
for _routes in (notices, contacts, deliveries):
    router.include_router(_routes.router)
