"""Domain gauges of notify: e-mails on their way, and those that will not arrive by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chassis.anchoring import RECEIVED_ANCHOR_GAUGES
from chassis.observability import DomainGauge

from notify.store import Store

WAITING = {"state": "waiting"}
RETRIED = {"$gte": 2}
"""Tries that failed: one may be a mail server that was starting anew."""


async def mails(store: Store, _now: datetime) -> Mapping[tuple[str, ...], float]:
    return {
        ("waiting",): await store.deliveries.count(WAITING),
        ("retried",): await store.deliveries.count({**WAITING, "attempts": RETRIED}),
        ("failed",): await store.deliveries.count({"state": "failed"}),
    }


async def mail_overdue(store: Store, now: datetime) -> Mapping[tuple[str, ...], float]:
    """Return how long ago the next try of an e-mail was due; zero when none is due."""
    oldest = await store.deliveries.find(WAITING, sort=[("next_at", 1)], limit=1)
    return {(): max(((now - each.next_at).total_seconds() for each in oldest if each.next_at < now), default=0.0)}


GAUGES = (
    *RECEIVED_ANCHOR_GAUGES,
    DomainGauge(
        "notify_mails",
        "E-mails that wait, that wait after two failed tries or more, and that were given up",
        mails,
        ("state",),
    ),
    DomainGauge("notify_mail_overdue_seconds", "Since the next try of an e-mail was due", mail_overdue),
)
