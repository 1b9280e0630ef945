"""The audit log: denied attempts and reads of protected data (P2)."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Literal, TypeAlias

from fastapi import Request
from pydantic import BaseModel, ConfigDict, computed_field

from chassis.clock import SystemClock
from chassis.handling import Document
from chassis.observability.logs import MASK, correlation_id, mask, shorten
from chassis.persistence.codec import codec
from chassis.persistence.collections import Index
from chassis.persistence.system_collections import AUDIT_DENIALS, AUDIT_READS
from chassis.security.policies import Actor, Denied

Kind: TypeAlias = Literal["read", "denial"]

COLLECTIONS: dict[Kind, str] = {"read": AUDIT_READS, "denial": AUDIT_DENIALS}
RETENTION_SECONDS = 3 * 365 * 24 * 3600
AUDIT_INDEXES = tuple(
    index
    for collection in COLLECTIONS.values()
    for index in (
        Index(collection, (("saved", 1),), ttl_seconds=RETENTION_SECONDS),
        Index(collection, (("at", -1), ("_id", -1))),
        Index(collection, (("subject", 1), ("at", -1), ("_id", -1))),
    )
)
QUERY_MAX = 20
"""Query parameters recorded at most."""
_CODE = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class AuditRecord(BaseModel):
    """One request: a read of protected data, or a denied attempt with the code of its reason."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    subject: str
    roles: frozenset[str]
    organisation: str | None
    prefecture: str | None
    policy: str
    method: str
    path: str
    correlation_id: str | None
    code: str | None = None
    query: str = ""

    @computed_field  # type: ignore[prop-decorator] # pydantic's documented way
    @property
    def kind(self) -> Kind:
        return "read" if self.code is None else "denial"


def audit_record_of(
    actor: Actor, policy: str, request: Request, now: datetime, denied: Denied | None = None
) -> AuditRecord:
    return AuditRecord(
        at=now,
        subject=actor.subject,
        roles=actor.roles,
        organisation=actor.organisation,
        prefecture=actor.prefecture,
        policy=policy,
        method=request.method,
        path=shorten(request.url.path),
        correlation_id=correlation_id(),
        code=denied.code if denied else None,
        query=_query(request),
    )


def document(record: AuditRecord) -> Document:
    """Return the stored form of a record, with a new id.

    ``saved`` is real time: the server expires records by its own clock, and ``at`` may be a simulated instant.
    """
    saved = SystemClock().now()
    return {"_id": uuid.uuid4().hex, "_version": 1, "_sequence": 0, "saved": saved, **codec(AuditRecord).dump(record)}


def _query(request: Request) -> str:
    """Return the query with codes only: any other value may be a person's name, and names are not recorded."""
    pairs = request.query_params.multi_items()[:QUERY_MAX]
    return "&".join(f"{_code(name)}={_code(value)}" for name, value in pairs)


def _code(text: str) -> str:
    return mask(text) if _CODE.fullmatch(text) else MASK
