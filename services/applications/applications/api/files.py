"""Evidence files over HTTP (A3)."""

from __future__ import annotations

from datetime import datetime
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
from applications.api.policies import READ_EVIDENCE, READ_FILE, SEND_FILE
from applications.domain.application import FILES_CHECKED, Application
from applications.domain.files import SentFile, detected_media_type, file_key, file_problems
from applications.handlers import records
from applications.store import Store

router = APIRouter(prefix="/files", tags=["files"], responses=PROBLEMS)
_SEND = Authorize(SEND_FILE)
SendFiles = Annotated[RequestContext[Store], Depends(_SEND)]
FileUpload = Annotated[Upload, Depends(read_upload(_SEND))]
ReadFiles = Annotated[RequestContext[Store], Depends(Authorize(READ_FILE))]


@router.post(
    "",
    summary="Send a file",
    status_code=201,
    openapi_extra=FORM,
    responses=refuses("file-refused", "file-missing", status=422),
)
async def send_file(context: SendFiles, upload: FileUpload, files: Files) -> FileRef:
    organisation = _organisation(context)
    media_type = await to_thread.run_sync(_checked_media_type, upload, context.now)
    # On disk first, then in the database: a row never names a file that is not there.
    digest = await to_thread.run_sync(files.save, upload.content)
    command = SentFile(digest, organisation, upload.name, len(upload.content), media_type)
    return await context.execute(records.record_file, command, prefetch=[("files", command.key)], reply=FileRef)


@router.get("/{sha256}", summary="Fetch a file", response_class=FileResponse)
async def get_file(sha256: Digest, context: ReadFiles, files: Files) -> FileResponse:
    """By who sent it, and by whom an application that names it concerns; under the name that they know it by."""
    file = await _file_or_404(sha256, context)
    application = await _application_naming(sha256, context)
    await context.authorize(application or file)
    name = application.name_of(sha256) if application else file.name
    return FileResponse(files.path_of(sha256), media_type=file.media_type, filename=name)


async def _file_or_404(sha256: str, context: RequestContext[Store]) -> SentFile:
    """Return the file as the caller's organisation has sent it, else as anybody has: that is for the policy."""
    files = context.store.files
    own = await files.get(file_key(sha256, context.actor.organisation or ""))
    found = [own] if own else await files.find({"sha256": sha256}, limit=1)
    if not found:
        raise Refusal("not-found", status=404)
    return found[0]


async def _application_naming(sha256: str, context: RequestContext[Store]) -> Application | None:
    """An application in the caller's reach whose checked report names the file; a draft may name anything."""
    naming = {"report.evidence.sha256": sha256, "state": {"$in": FILES_CHECKED}}
    where = and_filters(naming, READ_EVIDENCE.filter(context.actor))
    return next(iter((await context.page(context.store.applications, where, limit=1)).items), None)


def _checked_media_type(upload: Upload, now: datetime) -> str:
    wrong = tuple(file_problems(upload.name, upload.content, rules_on(shanghai_date(now))))
    media_type = detected_media_type(upload.content)
    if wrong or media_type is None:
        raise Refusal("file-refused", *wrong, status=422)
    return media_type


def _organisation(context: RequestContext[Store]) -> str:
    if context.actor.organisation is None:
        raise Refusal("not-allowed", reason("P2", "organisation-missing", "未表明所属单位"), status=403)
    return context.actor.organisation
