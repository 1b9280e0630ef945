"""Routes of the register as files: import of an existing one, template and export (S7)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from typing import Annotated, Any

from anyio import to_thread
from chassis.handling import Refusal
from chassis.http import (
    FORM,
    PROBLEMS,
    ROOM_FOR_FORM,
    APIRouter,
    Authorize,
    RequestContext,
    Upload,
    file_response,
    file_responses,
    located_at,
    refuses,
    upload_dependency,
)
from chassis.settings import MIB
from chassis.spreadsheets import MEDIA_TYPES, Format, InvalidWorkbookError, Workbook, WorkbookReader, as_xlsx
from fastapi import Depends, Query, Request, Response
from messages.values import PersonRef, Text, UnitType, Uscc
from rulebook import reason, shanghai_date

from assessor_quota.api.commands import Keys, actor_ref, affiliated
from assessor_quota.api.exports import Export, file_of
from assessor_quota.api.policies import READ, REGISTER
from assessor_quota.api.sheets import assessor_sheet, read_register, staff_sheet, template
from assessor_quota.api.views import View
from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.duties import Registrations
from assessor_quota.handlers import bulk
from assessor_quota.store import Store

LARGEST = 2 * MIB
PAGE_SIZE = 200
"""Assessors read at a time for an export."""
XLSX = MEDIA_TYPES["xlsx"]
BUSY = reason("S7", "workbooks-busy", "正在读取的工作簿较多，请几秒后重新上传")


class ImportedAssessorView(View):
    uscc: Uscc
    name: Text
    representative: PersonRef
    scope: tuple[UnitType, ...]
    staff: int


class ImportView(View):
    """The assessors entered, or with ``dry_run`` those that would be."""

    dry_run: bool
    assessors: int
    staff: int
    entered: tuple[ImportedAssessorView, ...]


router = APIRouter(prefix="/assessors", tags=["register export"], responses=PROBLEMS)
AUTHORIZE_IMPORT = Authorize(REGISTER)
Register = Annotated[RequestContext[Store], Depends(AUTHORIZE_IMPORT)]
ReadAssessor = Annotated[RequestContext[Store], Depends(Authorize(READ))]
RegisterFile = Annotated[
    Upload, Depends(upload_dependency(AUTHORIZE_IMPORT, reason("S7", "file-missing", "缺少文件", pointer="/file")))
]


def workbook_reader(request: Request) -> WorkbookReader:
    reader: WorkbookReader = request.app.state.workbooks
    return reader


Workbooks = Annotated[WorkbookReader, Depends(workbook_reader)]


@router.post(
    "/imports",
    summary="Import an existing register",
    status_code=201,
    max_body_size=LARGEST + ROOM_FOR_FORM,
    openapi_extra=FORM | located_at("/v1/assessors"),
    responses=refuses("import-refused", "file-missing", status=422) | refuses("workbooks-busy", status=503),
)
async def import_register(
    context: Register,
    upload: RegisterFile,
    keys: Keys,
    workbooks: Workbooks,
    *,
    dry_run: Annotated[bool, Query(description="Show what would be entered; nothing is entered")] = False,
) -> ImportView:
    """All rows of a workbook as the template has it, or none and every cell that is wrong."""
    book = await _book_in(upload, workbooks)
    command = await to_thread.run_sync(read_register, book, keys, actor_ref(context))
    named = {row.registration.uscc: row.registration.representative.digest for row in command.rows}
    await context.authorize(Registrations(tuple(named)), also=await affiliated(context, named))
    if dry_run:
        await context.check_entries(command)
        context.response.status_code = 200
        done = await bulk.import_assessors(command, context.store, context.now)
        return _view(done.value, dry_run=True)
    entered = await context.execute(
        bulk.import_assessors,
        command,
        private=True,
        prefetch=bulk.documents_read(command),
        reply=list[bulk.ImportedAssessor],
    )
    return _view(entered, dry_run=False)


@router.get("/imports/template", summary="The empty workbook", response_class=Response, responses=file_responses(XLSX))
async def get_register_template(_context: Register) -> Response:
    return file_response(await to_thread.run_sync(_template), XLSX, "assessors-template.xlsx")


@cache
def _template() -> bytes:
    """Return the empty workbook, which is the same for everybody."""
    return as_xlsx(*template())


async def _book_in(upload: Upload, workbooks: WorkbookReader) -> Workbook:
    try:
        return await workbooks.read(upload)
    except InvalidWorkbookError as problem:
        raise Refusal("import-refused", reason("S7", problem.code, problem.text, pointer="/file"), status=422) from None


@router.get(
    "/export",
    summary="The register as a file",
    response_class=Response,
    responses=file_responses(*MEDIA_TYPES.values()),
)
async def export_register(context: ReadAssessor, format: Format = "xlsx") -> Response:
    """The entries the caller may read, numbers masked: a workbook with the staff, or CSV of the assessors alone."""
    today = shanghai_date(context.now)
    return await file_of(
        "assessors",
        format,
        Export(_pages(context), lambda page: assessor_sheet(page, today)),
        Export(_pages(context), staff_sheet),
    )


def _pages(context: RequestContext[Store]) -> AsyncIterator[list[Assessor]]:
    return context.store.assessors.pages(context.filter(), size=PAGE_SIZE)


def _view(entered: Any, *, dry_run: bool) -> ImportView:  # noqa: ANN401 - a handler's reply
    rows = tuple(ImportedAssessorView.model_validate(each) for each in entered)
    return ImportView(dry_run=dry_run, assessors=len(rows), staff=sum(each.staff for each in rows), entered=rows)
