"""The register as files over HTTP: an existing one taken over, ours given out (S7)."""

from typing import Annotated, Any

from anyio import to_thread
from chassis.http.endpoint import PROBLEMS, Authorize, RequestContext, refuses
from chassis.http.uploads import FORM, Upload, upload_dependency
from chassis.security.policies import and_filters
from chassis.security.pseudonyms import KeyRing
from chassis.settings import MIB
from chassis.spreadsheets import MEDIA_TYPES, Format, as_csv, as_xlsx
from fastapi import APIRouter, Depends, Query, Response
from messages.values import PersonRef, Text, UnitType, Uscc
from rulebook import reason, shanghai_date

from assessor_quota.api.commands import by
from assessor_quota.api.policies import READ, REGISTER
from assessor_quota.api.sheets import read_register, shown, shown_staff, template
from assessor_quota.api.views import View
from assessor_quota.domain.assessor import Assessor
from assessor_quota.handlers.bulk import Imported, import_assessors
from assessor_quota.store import Store

LARGEST = 2 * MIB
AT_ONCE = 500
"""Assessors read at a time for an export."""
XLSX = MEDIA_TYPES["xlsx"]


class ImportedAssessor(View):
    uscc: Uscc
    name: Text
    representative: PersonRef
    scope: tuple[UnitType, ...]
    staff: int


class ImportView(View):
    """What was entered, or with ``dry_run`` what would be."""

    dry_run: bool
    assessors: int
    staff: int
    entered: tuple[ImportedAssessor, ...]


def _file(*kinds: str) -> dict[int | str, dict[str, Any]]:
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    return {200: {"description": "The file", "content": content}}


def router(keys: KeyRing) -> APIRouter:
    routes = APIRouter(prefix="/assessors", tags=["register as files"], responses=PROBLEMS)
    guard = Authorize(REGISTER)
    missing = reason("S7", "file-missing", "缺少文件", pointer="/file")

    @routes.post(
        "/imports",
        summary="Take over an existing register",
        status_code=201,
        openapi_extra=FORM,
        responses=refuses("import-refused", "file-missing", status=422),
    )
    async def take_over(
        call: Annotated[RequestContext[Store], Depends(guard)],
        upload: Annotated[Upload, Depends(upload_dependency(guard, missing))],
        response: Response,
        *,
        dry_run: Annotated[bool, Query(description="Say what would be entered; nothing is")] = False,
    ) -> ImportView:
        """All rows of a workbook as the template has it, or none and every cell that is wrong."""
        command = await to_thread.run_sync(read_register, upload.content, keys, by(call))
        if dry_run:
            response.status_code = 200
            done = await import_assessors(command, call.store, call.now)
            return _view(done.value, dry_run=True)
        entered = await call.execute(import_assessors, command, private=True, reply=list[Imported])
        return _view(entered, dry_run=False)

    @routes.get("/imports/template", summary="The empty workbook", response_class=Response, responses=_file(XLSX))
    async def empty(_call: Annotated[RequestContext[Store], Depends(guard)]) -> Response:
        return _answer(as_xlsx(*template()), "xlsx", "assessors-template")

    @routes.get(
        "/export", summary="The register as a file", response_class=Response, responses=_file(*MEDIA_TYPES.values())
    )
    async def export(
        call: Annotated[RequestContext[Store], Depends(Authorize(READ))], format: Format = "xlsx"
    ) -> Response:
        """The entries the caller may read, numbers masked: a workbook with the staff, or CSV of the assessors alone."""
        found, today = await _all(call), shanghai_date(call.now)
        pages = (shown(found, today), shown_staff(found))
        content = await to_thread.run_sync(lambda: as_xlsx(*pages) if format == "xlsx" else as_csv(pages[0]))
        return _answer(content, format, "assessors")

    return routes


async def _all(call: RequestContext[Store]) -> list[Assessor]:
    found: list[Assessor] = []
    last: str | None = ""
    while last is not None:
        where = and_filters(call.filter(), {"_id": {"$gt": last}})
        page = await call.store.assessors.find(where, limit=AT_ONCE)
        found += page
        last = page[-1].uscc if len(page) == AT_ONCE else None
    return found


def _view(entered: Any, *, dry_run: bool) -> ImportView:  # noqa: ANN401 - a handler's reply
    shown = tuple(ImportedAssessor.model_validate(each) for each in entered)
    return ImportView(dry_run=dry_run, assessors=len(shown), staff=sum(each.staff for each in shown), entered=shown)


def _answer(content: bytes, format: Format, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"'}
    return Response(content, media_type=MEDIA_TYPES[format], headers=headers)
