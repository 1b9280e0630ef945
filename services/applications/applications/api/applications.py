"""Drafts, submission, withdrawal and status over HTTP (Art. 14(1))."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from chassis.http import (
    DEFAULT_LIMIT,
    IF_MATCH,
    IF_MATCH_REQUIRED,
    PROBLEMS,
    APIRouter,
    Authorize,
    Cursor,
    Key,
    Limit,
    Page,
    RequestContext,
    Year,
    based_on_rule,
    filter_by,
    located_at,
    refuses,
)
from chassis.security import KeyRing, and_filters
from fastapi import Depends, Query
from messages.values import Level, Prefecture, Role, UnitType, Uscc
from rulebook import basis

from applications.api.bodies import AmendmentBody, DraftBody, JustificationBody, ReportBody
from applications.api.commands import expected_version, with_etag
from applications.api.dependencies import Keys
from applications.api.identity import new_application_id, refuse_other_unit
from applications.api.policies import FILE, JUSTIFY, READ, READ_VERSIONS
from applications.api.views import ApplicationDetail, ApplicationEntry, PossiblySame, ReceiptView, VersionView
from applications.domain.application import Application, Justification, State
from applications.handlers import drafts, submission
from applications.store import Store

ACCEPTED: dict[str, Any] = {
    "model": ReceiptView,
    "description": "Waits for the assessor's item; ask again for its state",
}

OFFICERS = {Role.PREFECTURE_OFFICER, Role.REGIONAL_OFFICER}
MAX_ALIKE = 50
"""Applications looked at for names that look alike."""
VERSIONS = 50
"""Versions in one answer, each with its whole report: more would hold the event loop."""
VersionLimit = Annotated[int, Query(ge=1, le=VERSIONS)]

router = APIRouter(prefix="/applications", tags=["applications"], responses=PROBLEMS)
FileApplications = Annotated[RequestContext[Store], Depends(Authorize(FILE))]
JustifyApplications = Annotated[RequestContext[Store], Depends(Authorize(JUSTIFY))]
ReadApplications = Annotated[RequestContext[Store], Depends(Authorize(READ))]


@router.post(
    "",
    summary="Open a draft",
    status_code=201,
    openapi_extra=based_on_rule(basis("A1")) | located_at("/v1/applications/{application_id}"),
    responses=refuses("application-exists") | refuses("report-malformed", "unit-differs", status=422),
)
async def open_draft(body: DraftBody, context: FileApplications, keys: Keys) -> ReceiptView:
    """A draft may be incomplete; submitting checks everything (A1)."""
    command = _open_draft_command(body, new_application_id(context, body.batch_year), keys)
    opened = await context.execute(
        drafts.open_draft, command, private=True, resource=command, prefetch=_key_of(command), reply=ReceiptView
    )
    return with_etag(context, opened)


@router.put(
    "/{application_id}",
    summary="Amend a draft or a returned application",
    openapi_extra=based_on_rule(basis("A1")) | IF_MATCH_REQUIRED,
    responses=refuses("not-amendable") | refuses("evaluation-differs", status=422),
)
async def amend_application(application_id: Key, body: AmendmentBody, context: FileApplications) -> ReceiptView:
    """Also of a returned application, which may then be submitted again (A6)."""
    version = expected_version(context, required=True)
    await context.authorize(await _application_or_404(application_id, context))
    command = drafts.AmendDraft(application_id, version, body.unit_name, body.level, body.batch_year, body.evaluation)
    amended = await context.execute(drafts.amend_draft, command, prefetch=_key_of(command), reply=ReceiptView)
    return with_etag(context, amended)


@router.put(
    "/{application_id}/evaluation",
    summary="File the evaluation report",
    openapi_extra=based_on_rule(basis("A1")) | IF_MATCH,
    responses=refuses("not-amendable") | refuses("report-malformed", "unit-differs", status=422),
)
async def file_report(application_id: Key, body: ReportBody, context: FileApplications, keys: Keys) -> ReceiptView:
    found = await _application_or_404(application_id, context)
    await context.authorize(found)
    refuse_other_unit(body, found.unit)
    report = body.report(found.unit.unit_type, keys)
    command = drafts.FileReport(application_id, report, body.evaluation(), expected_version(context))
    filed = await context.execute(
        drafts.file_report, command, private=True, prefetch=_key_of(command), reply=ReceiptView
    )
    return with_etag(context, filed)


@router.put(
    "/{application_id}/justification",
    summary="Justify an application from no lower list",
    openapi_extra=based_on_rule(basis("E10")) | IF_MATCH,
    responses=refuses("not-amendable"),
)
async def justify_application(
    application_id: Key, body: JustificationBody, context: JustifyApplications
) -> ReceiptView:
    """By the forwarding department, for a unit that is on no lower list (E10)."""
    found = await _application_or_404(application_id, context)
    await context.authorize(found)
    justification = Justification(body.text, context.actor.subject, found.level)
    command = drafts.Justify(application_id, justification, expected_version(context))
    justified = await context.execute(drafts.justify_application, command, prefetch=_key_of(command), reply=ReceiptView)
    return with_etag(context, justified)


@router.post(
    "/{application_id}/submit",
    summary="Submit an application",
    openapi_extra=IF_MATCH,
    responses=refuses("not-eligible", "not-submittable") | {202: ACCEPTED},
)
async def submit_application(application_id: Key, context: FileApplications) -> ReceiptView:
    """Checks everything at once; a refusal names every reason and is on record."""
    found = await _application_or_404(application_id, context)
    await context.authorize(found)
    command = submission.Submit(application_id, context.actor.subject, expected_version(context))
    receipt = await context.execute(
        submission.submit_application,
        command,
        prefetch=_keys_with_standing(found),
        prefetch_related=submission.keys_of_submission,
        reply=ReceiptView,
    )
    context.response.status_code = 202 if receipt.state is State.SUBMITTED else 200
    return with_etag(context, receipt)


@router.post(
    "/{application_id}/withdraw",
    summary="Withdraw an application",
    openapi_extra=IF_MATCH,
    responses=refuses("not-withdrawable", "notice-started"),
)
async def withdraw_application(application_id: Key, context: FileApplications) -> ReceiptView:
    found = await _application_or_404(application_id, context)
    await context.authorize(found)
    command = submission.Withdraw(application_id, expected_version(context))
    withdrawn = await context.execute(
        submission.withdraw_application, command, prefetch=_keys_with_standing(found), reply=ReceiptView
    )
    return with_etag(context, withdrawn)


@router.get("", summary="List applications")
async def list_applications(  # noqa: PLR0913, PLR0917 - the filters of a list
    context: ReadApplications,
    state: State | None = None,
    prefecture: Prefecture | None = None,
    batch_year: Year | None = None,
    unit_type: UnitType | None = None,
    level: Level | None = None,
    uscc: Uscc | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[ApplicationEntry]:
    asked = filter_by(
        state=state,
        unit__prefecture=prefecture,
        batch_year=batch_year,
        unit__unit_type=unit_type,
        level=level,
        unit__uscc=uscc,
    )
    where = and_filters(context.filter(), asked)
    page = await context.page(context.store.applications, where, limit=limit, after=after)
    return page.map(ApplicationEntry.model_validate)


@router.get("/{application_id}", summary="Show an application")
async def get_application(application_id: Key, context: ReadApplications) -> ApplicationDetail:
    store = context.store
    found = await store.applications.require(application_id)
    await context.authorize(found)
    context.set_etag(store.applications.version(application_id))
    shown = ApplicationDetail.model_validate(found)
    return shown.model_copy(update={"possibly_same": await _possibly_same(found, context)})


async def _possibly_same(found: Application, context: RequestContext[Store]) -> tuple[PossiblySame, ...]:
    """Return, for an officer, the applications within the same scope of other units that look the same."""
    if not found.shapes or not context.actor.roles & OFFICERS:
        return ()
    where = and_filters(context.filter(), {"shapes": {"$in": list(found.shapes)}})
    alike = await context.store.applications.find(where, limit=MAX_ALIKE)
    others = {each.unit.key: each for each in alike if each.unit.key != found.unit.key}
    return tuple(PossiblySame.model_validate(each) for each in others.values())


@router.get("/{application_id}/versions", summary="List the submitted versions")
async def list_versions(
    application_id: Key, context: ReadApplications, limit: VersionLimit = VERSIONS, after: Cursor = None
) -> Page[VersionView]:
    """Every version that was submitted, with what became of it (A6); an assessor's own ones only."""
    await context.authorize(await _application_or_404(application_id, context))
    where = and_filters({"application.application_id": application_id}, READ_VERSIONS.filter(context.actor))
    order = (("number", 1),)
    page = await context.page(context.store.versions, where, order, limit, after)
    return page.map(VersionView.model_validate)


def _open_draft_command(body: DraftBody, application_id: str, keys: KeyRing) -> drafts.OpenDraft:
    if body.report:
        refuse_other_unit(body.report, body.unit)
    return drafts.OpenDraft(
        application_id=application_id,
        unit=body.unit,
        level=body.level,
        batch_year=body.batch_year,
        evaluation=body.report.evaluation() if body.report else body.evaluation,
        report=body.report.report(body.unit.unit_type, keys) if body.report else None,
    )


async def _application_or_404(application_id: str, context: RequestContext[Store]) -> Application:
    return await context.store.applications.require(application_id)


def _key_of(
    command: drafts.OpenDraft | drafts.AmendDraft | drafts.FileReport | drafts.Justify,
) -> Iterable[tuple[str, str]]:
    return [("applications", command.application_id)]


def _keys_with_standing(found: Application) -> Iterable[tuple[str, str]]:
    """Keys of the application and of the one document that submissions of its unit share."""
    return [("applications", found.application_id), ("standings", found.unit.uscc)]
