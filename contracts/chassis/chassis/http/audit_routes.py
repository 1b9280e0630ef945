"""The audit log, for operators: a route of every service."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from messages.values import Role

from chassis.handling import Filter
from chassis.http.bounds import Cursor, Instant
from chassis.http.endpoint import Authorize, Limit, RequestContext
from chassis.http.pagination import DEFAULT_LIMIT, Page, as_page, page
from chassis.http.routing import APIRouter
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.security.audit import COLLECTIONS, AuditRecord, Kind
from chassis.security.policies import Policy, Rule, everything

READ_AUDIT_LOG = Policy("read-audit-log", (Rule(Role.OPERATOR, everything),), protected=True)
NEWEST_FIRST = (("at", -1), ("_id", -1))


class AuditLog:
    """The collections of audit records on one unit of work."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.collections: dict[Kind, DocumentCollection[AuditRecord]] = {
            kind: DocumentCollection(unit, collection, AuditRecord) for kind, collection in COLLECTIONS.items()
        }


router = APIRouter(prefix="/v1")
ReadAuditLog = Annotated[RequestContext[Any], Depends(Authorize(READ_AUDIT_LOG))]


@router.get("/audit-log", summary="List reads of protected data and denied attempts", tags=["audit"])
async def list_audit_records(  # noqa: PLR0913, PLR0917 - the parameters of a list
    context: ReadAuditLog,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    since: Instant | None = None,
    kind: Kind | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[AuditRecord]:
    """List reads of protected data and denied attempts, newest first.

    A request that the policy admits and the check of its resource denies has two records, a read and a denial, with
    one correlation id.
    """
    collections = context.open(AuditLog).collections
    sources = [documents for each, documents in collections.items() if kind in {None, each}]
    return as_page(await page(sources, _where(subject, since), NEWEST_FIRST, limit, after), context.metrics)


def _where(subject: str | None, since: datetime | None) -> Filter:
    return {
        **({} if subject is None else {"subject": subject}),
        **({} if since is None else {"at": {"$gte": since}}),
    }
