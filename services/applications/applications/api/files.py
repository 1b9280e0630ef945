"""Evidence files over HTTP (A3)."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from chassis.handling import Refusal
from chassis.http import FORM, PROBLEMS, Authorize, RequestContext, Upload, refuses
from chassis.security import and_filters
from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse
from messages.values import Digest, FileRef
from rulebook import reason, rules_on, shanghai_date

from applications.api.dependencies import Files, read_upload
from applications.api.policies import READ_FILE, SEND_FILE
from applications.domain.application import FILES_CHECKED, Application
from applications.domain.files import Owner, detected_media_type, file_problems
from applications.handlers import records
from applications.store import Store

router = APIRouter(prefix="/files", tags=["files"], responses=PROBLEMS)
_SEND = Authorize(SEND_FILE)
SendFiles = Annotated[RequestContext[Store], Depends(_SEND)]
SentFile = Annotated[Upload, Depends(read_upload(_SEND))]
ReadFiles = Annotated[RequestContext[Store], Depends(Authorize(READ_FILE))]


@router.post(
    "",
    summary="Send a file",
    status_code=201,
    openapi_extra=FORM,
    responses=refuses("file-refused", "file-missing", status=422),
)
async def send_file(context: SendFiles, upload: SentFile, files: Files) -> FileRef:
    media_type = _checked_media_type(upload, context)
    owner = Owner(_organisation(context), upload.name)
    # On disk first, then in the database: a row never names a file that is not there.
    digest = await to_thread.run_sync(files.save, upload.content)
    command = records.RecordFile(digest, len(upload.content), media_type, owner)
    return await context.execute(records.record_file, command, reply=FileRef)


@router.get("/{sha256}", summary="Fetch a file", response_class=FileResponse)
async def get_file(sha256: Digest, context: ReadFiles, files: Files) -> FileResponse:
    """By who sent it, and by whom an application that names it concerns; under the name that they know it by."""
    file = await context.store.files.require(sha256)
    application = await _application_naming(sha256, context)
    await context.authorize(application or file)
    name = application.name_of(sha256) if application else file.name_of(context.actor.organisation)
    return FileResponse(files.path_of(sha256), media_type=file.media_type, filename=name)


async def _application_naming(sha256: str, context: RequestContext[Store]) -> Application | None:
    """An application in the caller's reach whose checked report names the file; a draft may name anything."""
    naming = {"report.evidence.sha256": sha256, "state": {"$in": FILES_CHECKED}}
    return next(iter(await context.store.applications.find(and_filters(naming, context.filter()), limit=1)), None)


def _checked_media_type(upload: Upload, context: RequestContext[Store]) -> str:
    wrong = tuple(file_problems(upload.name, upload.content, rules_on(shanghai_date(context.now))))
    media_type = detected_media_type(upload.content)
    if wrong or media_type is None:
        raise Refusal("file-refused", *wrong, status=422)
    return media_type


def _organisation(context: RequestContext[Store]) -> str:
    if context.actor.organisation is None:
        raise Refusal("not-allowed", reason("P2", "organisation-missing", "未表明所属单位"), status=403)
    return context.actor.organisation
