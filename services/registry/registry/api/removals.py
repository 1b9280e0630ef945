"""The regional department records removals; everyone can ask whether a ban runs (Art. 24, 25)."""

from datetime import date
from typing import Annotated

from chassis.http.endpoint import Authorize, Limit, Page, RequestContext, refuses
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.http.problems import based_on_rule
from fastapi import APIRouter, Depends, Path, Query
from messages.values import Uscc
from rulebook import basis, shanghai_date

from registry.api.policies import READ, REMOVE
from registry.api.views import BanCheck, BanView, RemovalBody, RemovalView
from registry.domain.bans import BanRecord, bans_on, barred_until
from registry.domain.removals import Removal, RemovalDecision
from registry.handlers.removals import record_removal
from registry.store import Store


def add_routes(routes: APIRouter) -> None:
    Reading = Annotated[RequestContext[Store], Depends(Authorize(READ))]  # noqa: N806 - a type, made for this gate
    Removing = Annotated[RequestContext[Store], Depends(Authorize(REMOVE))]  # noqa: N806 - a type, made for this gate

    @routes.post(
        "/removals",
        summary="Record a removal",
        openapi_extra=based_on_rule(basis("L1")),
        tags=["removals"],
        status_code=201,
        responses=refuses("document-number-used") | refuses("decided-in-the-future", "no-rule-set", status=422),
    )
    async def record(body: RemovalBody, call: Removing) -> RemovalView:
        """Record a decision: D5 takes effect at once, others with the list of their year or, where it is out, now."""
        command = RemovalDecision(body.unit, body.ground, body.document_number, body.decided_on, body.levels)
        return RemovalView.model_validate(await call.execute(record_removal, command, reply=Removal))

    @routes.get("/removals", tags=["removals"], openapi_extra=based_on_rule(basis("L1")))
    async def list_removals(
        call: Removing,
        year: int | None = None,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[RemovalView]:
        """Recorded decisions, the latest first."""
        where = {} if year is None else {"year": year}
        found = await call.page(call.store.removals, where, (("decided_on", -1),), limit, after)
        return Page(items=[RemovalView.model_validate(each) for each in found.items], next=found.next)

    @routes.get("/removals/{removal_id}", tags=["removals"], openapi_extra=based_on_rule(basis("L1")))
    async def show_removal(removal_id: Annotated[str, Path(max_length=40)], call: Removing) -> RemovalView:
        return RemovalView.model_validate(await call.store.removals.require(removal_id))

    @routes.get("/bans", tags=["removals"], openapi_extra=based_on_rule(basis("B1")))
    async def check_ban(
        call: Reading, uscc: Annotated[Uscc, Query()], on: Annotated[date | None, Query()] = None
    ) -> BanCheck:
        """Whether the organisation is barred on a day, today when none is named, until when and by which decisions."""
        standing = await call.store.standings.get(uscc) or BanRecord(uscc)
        return _check(standing, on or shanghai_date(call.now))


def _check(standing: BanRecord, day: date) -> BanCheck:
    running = tuple(map(BanView.model_validate, bans_on(standing, day)))
    return BanCheck(uscc=standing.uscc, on=day, barred=bool(running), until=barred_until(standing, day), bans=running)
