"""Jobs: flag the titles whose assessor's sanctions have changed, or lift their flags."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.scheduling import Job

from registry.handlers.assessors import UpdateFlags, update_flags
from registry.store import Store

ASSESSORS_PER_POLL = 20


async def assessors_with_pending_flags(store: Store, _now: datetime) -> Sequence[UpdateFlags]:
    found = await store.assessors.find({"flags_pending": True}, limit=ASSESSORS_PER_POLL)
    return [UpdateFlags(each.uscc, each.flag_updates) for each in found]


def _key_of(item: UpdateFlags) -> str:
    return f"{item.uscc}:{item.flag_updates}"


JOBS = (Job("update-flags", assessors_with_pending_flags, _key_of, update_flags),)
