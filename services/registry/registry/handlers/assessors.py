"""Sanctions on assessors, as far as a list must know them at its check (L2, S1)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chassis.handling import Collection
from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.event import Event

from registry.domain import bans
from registry.domain.bans import AssessorStanding


class Assessors(Protocol):
    @property
    def assessors(self) -> Collection[AssessorStanding]: ...


async def note_sanction(event: AssessorSanctioned, store: Assessors, _now: datetime) -> list[Event]:
    store.assessors.save(event.assessor_uscc, bans.sanctioned(await _standing(store, event.assessor_uscc), event))
    return []


async def lift_sanction(event: SanctionRevoked, store: Assessors, _now: datetime) -> list[Event]:
    store.assessors.save(event.assessor_uscc, bans.revoked(await _standing(store, event.assessor_uscc), event))
    return []


async def _standing(store: Assessors, uscc: str) -> AssessorStanding:
    return await store.assessors.get(uscc) or AssessorStanding(uscc)
