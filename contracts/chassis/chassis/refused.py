"""Refused attempts, recorded (P2): who asked for what under which policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from chassis.access import Actor, Denied
from chassis.bus import Run
from chassis.handling import Result
from chassis.logs import correlation_id
from chassis.store import Documents, Index
from chassis.unit import Unit

REFUSALS = "access_refusals"
REFUSALS_KEPT_SECONDS = 3 * 365 * 24 * 3600
REFUSAL_INDEXES = (Index(REFUSALS, (("at", 1),), ttl_seconds=REFUSALS_KEPT_SECONDS),)


@dataclass(frozen=True)
class AccessRefusal:
    """A refused attempt, recorded (P2)."""

    at: datetime
    subject: str
    roles: frozenset[str]
    organisation: str | None
    prefecture: str | None
    policy: str
    code: str
    method: str
    path: str
    correlation_id: str | None


def refused_attempt(actor: Actor, policy: str, denied: Denied, request: Request, now: datetime) -> AccessRefusal:
    return AccessRefusal(
        at=now,
        subject=actor.subject,
        roles=actor.roles,
        organisation=actor.organisation,
        prefecture=actor.prefecture,
        policy=policy,
        code=denied.reason.code,
        method=request.method,
        path=request.url.path,
        correlation_id=correlation_id(),
    )


def recording(key: str, refusal: AccessRefusal) -> Run:
    async def record(unit: Unit, _now: datetime) -> Result:
        Documents(unit, REFUSALS, AccessRefusal).save(key, refusal)
        return ()

    return record
