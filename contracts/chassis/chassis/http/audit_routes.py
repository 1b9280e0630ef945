"""Who asked for what, shown to operators: the one route that every service offers beside its own."""

# FastAPI evaluates the annotations of routes, in which `gate` is no global name: no deferred annotations here.

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from messages.values import Role
from pydantic import AfterValidator, AwareDatetime

from chassis.handling import Filter
from chassis.http.endpoint import ApiContext, Limit, RequestContext
from chassis.http.pagination import DEFAULT_LIMIT, Page, page
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.security.audit import COLLECTIONS, AuditRecord, Kind
from chassis.security.policies import Policy, Rule, everything

READ_ACCESS_RECORDS = Policy("read-access-records", (Rule(Role.OPERATOR, everything),), protected=True)
NEWEST_FIRST = (("at", -1), ("_id", -1))


def _in_utc(at: datetime) -> datetime:
    """As it is compared; an hour before the first or after the last day of the calendar is none."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the calendar") from None


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class AuditPage:
    def __init__(self, unit: UnitOfWork) -> None:
        self.of: dict[Kind, DocumentCollection[AuditRecord]] = {
            kind: DocumentCollection(unit, collection, AuditRecord) for kind, collection in COLLECTIONS.items()
        }


def router(gate: ApiContext) -> APIRouter:
    routes = APIRouter(prefix="/v1")

    @routes.get("/access-records", summary="List reads of protected data and refused attempts", tags=["access"])
    async def access_records(  # noqa: PLR0913, PLR0917 - the parameters of a list
        call: Annotated[RequestContext, Depends(gate.authorize(READ_ACCESS_RECORDS))],
        subject: Annotated[str | None, Query(max_length=200)] = None,
        since: Instant | None = None,
        kind: Kind | None = None,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[AuditRecord]:
        """Reads of protected data and refused attempts, newest first.

        An admitted call whose subject turns out to be another's stands here twice, as read and as refusal, under one
        correlation id.
        """
        kept = call.read_store(AuditPage).of
        asked = [documents for each, documents in kept.items() if kind in {None, each}]
        found, following = await page(asked, _where(subject, since), NEWEST_FIRST, limit, after)
        return Page(items=[each.value for each in found], next=following)

    return routes


def _where(subject: str | None, since: datetime | None) -> Filter:
    return {
        **({} if subject is None else {"subject": subject}),
        **({} if since is None else {"at": {"$gte": since}}),
    }
