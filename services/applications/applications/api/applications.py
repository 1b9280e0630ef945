"""Drafts, submission, withdrawal and status over HTTP (Art. 14(1))."""

from typing import Annotated, Any

from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext, refuses
from chassis.http.openapi import IF_MATCH, IF_MATCH_REQUIRED
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.http.problems import based_on_rule
from chassis.security.policies import and_filters
from chassis.security.pseudonyms import KeyRing
from fastapi import APIRouter, Depends
from messages.values import Level, Prefecture, UnitType
from rulebook import basis

from applications import handlers
from applications.api.bodies import AmendmentBody, DraftBody, JustificationBody, ReportBody
from applications.api.commands import seen
from applications.api.identity import new_application_id, refuse_other_unit
from applications.api.policies import FILE, JUSTIFY, READ
from applications.api.views import ApplicationDetail, ApplicationEntry, ReceiptView, VersionView, entry
from applications.domain.application import Application, Justification, State
from applications.store import Store

WAITS: dict[str, Any] = {"model": ReceiptView, "description": "Waits for the assessor's item; ask again for its state"}


def router(keys: KeyRing) -> APIRouter:
    routes = APIRouter(prefix="/applications", tags=["applications"], responses=PROBLEMS)
    _drafting(routes, keys)
    _deciding(routes)
    _reading(routes)
    return routes


def _drafting(routes: APIRouter, keys: KeyRing) -> None:
    filing, justifying = Depends(Authorize(FILE)), Depends(Authorize(JUSTIFY))

    @routes.post(
        "",
        summary="Open a draft",
        status_code=201,
        openapi_extra=based_on_rule(basis("A1")),
        responses=refuses("application-exists") | refuses("report-malformed", "unit-differs", status=422),
    )
    async def open_draft(body: DraftBody, call: Annotated[RequestContext[Store], filing]) -> ReceiptView:
        """A draft may be incomplete; submitting checks everything (A1)."""
        command = _opening(body, new_application_id(call, body.batch_year), keys)
        found = await call.execute(handlers.open_draft, command, private=True, resource=command, reply=ReceiptView)
        return _tagged(call, found)

    @routes.put(
        "/{application_id}",
        summary="Amend a draft or a returned application",
        openapi_extra=based_on_rule(basis("A1")) | IF_MATCH_REQUIRED,
        responses=refuses("not-amendable") | refuses("evaluation-differs", status=422),
    )
    async def amend(
        application_id: str, body: AmendmentBody, call: Annotated[RequestContext[Store], filing]
    ) -> ReceiptView:
        """Also of a returned application, which may then be submitted again (A6)."""
        version = seen(call, required=True)
        await call.authorize(await _application_or_404(application_id, call))
        command = handlers.AmendDraft(
            application_id, version, body.unit_name, body.level, body.batch_year, body.evaluation
        )
        return _tagged(call, await call.execute(handlers.amend_draft, command, reply=ReceiptView))

    @routes.put(
        "/{application_id}/evaluation",
        summary="File the evaluation report",
        openapi_extra=based_on_rule(basis("A1")) | IF_MATCH,
        responses=refuses("not-amendable") | refuses("report-malformed", "unit-differs", status=422),
    )
    async def file_report(
        application_id: str, body: ReportBody, call: Annotated[RequestContext[Store], filing]
    ) -> ReceiptView:
        found = await _application_or_404(application_id, call)
        await call.authorize(found)
        refuse_other_unit(body, found.unit)
        filed = body.report(found.unit.unit_type, keys)
        command = handlers.FileReport(application_id, filed, body.evaluation(), seen(call))
        return _tagged(call, await call.execute(handlers.file_report, command, private=True, reply=ReceiptView))

    @routes.put(
        "/{application_id}/justification",
        summary="Justify an application from no lower list",
        openapi_extra=based_on_rule(basis("E10")),
        responses=refuses("not-amendable"),
    )
    async def justify(
        application_id: str,
        body: JustificationBody,
        call: Annotated[RequestContext[Store], justifying],
    ) -> ReceiptView:
        """By the forwarding department, for a unit that is on no lower list (E10)."""
        found = await _application_or_404(application_id, call)
        await call.authorize(found)
        given = Justification(body.text, call.actor.subject, found.level)
        command = handlers.Justify(application_id, given)
        return _tagged(call, await call.execute(handlers.justify, command, reply=ReceiptView))


def _deciding(routes: APIRouter) -> None:
    filing = Depends(Authorize(FILE))

    @routes.post(
        "/{application_id}/submit",
        summary="Submit an application",
        responses=refuses("not-eligible", "not-submittable") | {202: WAITS},
    )
    async def submit(application_id: str, call: Annotated[RequestContext[Store], filing]) -> ReceiptView:
        """Checks everything at once; a refusal names every reason and is on record."""
        await call.authorize(await _application_or_404(application_id, call))
        command = handlers.Submit(application_id, call.actor.subject)
        found = await call.execute(handlers.submit_application, command, reply=ReceiptView)
        call.response.status_code = 202 if found.state is State.SUBMITTED else 200
        return _tagged(call, found)

    @routes.post(
        "/{application_id}/withdraw",
        summary="Withdraw an application",
        responses=refuses("not-withdrawable", "notice-started"),
    )
    async def withdraw(application_id: str, call: Annotated[RequestContext[Store], filing]) -> ReceiptView:
        await call.authorize(await _application_or_404(application_id, call))
        command = handlers.Withdraw(application_id)
        return _tagged(call, await call.execute(handlers.withdraw_application, command, reply=ReceiptView))


def _reading(routes: APIRouter) -> None:
    reading = Depends(Authorize(READ))

    @routes.get("", summary="List applications")
    async def listed(  # noqa: PLR0913, PLR0917 - the filters of a list
        call: Annotated[RequestContext[Store], reading],
        state: State | None = None,
        prefecture: Prefecture | None = None,
        batch_year: int | None = None,
        unit_type: UnitType | None = None,
        level: Level | None = None,
        uscc: str | None = None,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[ApplicationEntry]:
        asked = {
            "state": state,
            "unit.prefecture": prefecture,
            "batch_year": batch_year,
            "unit.unit_type": unit_type,
            "level": level,
            "unit.uscc": uscc,
        }
        where = and_filters(call.filter(), {name: value for name, value in asked.items() if value is not None})
        found = await call.page(call.store.applications, where, limit=limit, after=after)
        return Page(items=[entry(each) for each in found.items], next=found.next)

    @routes.get("/{application_id}", summary="Show an application")
    async def one(application_id: str, call: Annotated[RequestContext[Store], reading]) -> ApplicationDetail:
        store = call.store
        found = await store.applications.require(application_id)
        await call.authorize(found)
        call.set_etag(store.applications.version(application_id))
        return ApplicationDetail.model_validate(found)

    @routes.get("/{application_id}/versions", summary="List the submitted versions")
    async def versions(
        application_id: str,
        call: Annotated[RequestContext[Store], reading],
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[VersionView]:
        """Every version that was submitted, with what became of it (A6)."""
        await call.authorize(await _application_or_404(application_id, call))
        where, order = {"application.application_id": application_id}, (("number", 1),)
        found = await call.page(call.store.versions, where, order, limit, after)
        return Page(items=[VersionView.model_validate(each) for each in found.items], next=found.next)


def _opening(body: DraftBody, application_id: str, keys: KeyRing) -> handlers.OpenDraft:
    if body.report:
        refuse_other_unit(body.report, body.unit)
    return handlers.OpenDraft(
        application_id=application_id,
        unit=body.unit,
        level=body.level,
        batch_year=body.batch_year,
        evaluation=body.report.evaluation() if body.report else body.evaluation,
        report=body.report.report(body.unit.unit_type, keys) if body.report else None,
    )


async def _application_or_404(application_id: str, call: RequestContext[Store]) -> Application:
    return await call.store.applications.require(application_id)


def _tagged(call: RequestContext[Any], found: ReceiptView) -> ReceiptView:
    call.set_etag(found.version)
    return found
