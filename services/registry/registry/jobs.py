"""What is due: titles whose assessor's sanctions have changed are flagged, or their flags lifted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.scheduling.job import Job

from registry.handlers.assessors import SettleFlags, update_flags
from registry.store import Store

ASSESSORS_AT_ONCE = 20


async def assessors_with_pending_flags(store: Store, _now: datetime) -> Sequence[SettleFlags]:
    found = await store.assessors.find({"unsettled": True}, limit=ASSESSORS_AT_ONCE)
    return [SettleFlags(each.uscc, each.asked) for each in found]


def _key(item: SettleFlags) -> str:
    return f"{item.uscc}:{item.asked}"


JOBS = (Job("settle-flags", assessors_with_pending_flags, _key, update_flags),)
