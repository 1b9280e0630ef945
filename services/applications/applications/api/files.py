"""Evidence files over HTTP (A3)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Annotated

from anyio import to_thread
from chassis.handling import Refusal
from chassis.http import (
    FORM,
    PROBLEMS,
    APIRouter,
    Authorize,
    RequestContext,
    SpooledUpload,
    located_at,
    refuses,
    stored_file_response,
)
from chassis.security import and_filters
from fastapi import Depends, Response
from fastapi.responses import StreamingResponse
from messages.values import Digest, FileRef
from rulebook import reason, rules_on, shanghai_date

from applications.api.dependencies import MAX_UPLOAD, spool_upload
from applications.api.policies import READ_EVIDENCE, READ_FILE, SEND_FILE
from applications.domain.application import FILES_CHECKED, Application
from applications.domain.files import SentFile, file_key, file_problems
from applications.handlers.files import keys_of_file, record_file, usage_of
from applications.recognition import detected_media_type
from applications.store import Store


async def _admit(context: RequestContext[Store]) -> None:
    """Refuse an organisation that may send nothing more today, before its body is read."""
    usage = await usage_of(_organisation(context), context.store, context.now)
    usage.require_room(1, rules_on(shanghai_date(context.now)))


router = APIRouter(prefix="/files", tags=["files"], responses=PROBLEMS)
_SEND = Authorize(SEND_FILE)
SendFiles = Annotated[RequestContext[Store], Depends(_SEND)]
FileUpload = Annotated[SpooledUpload, Depends(spool_upload(_SEND, admit=_admit))]
ReadFiles = Annotated[RequestContext[Store], Depends(Authorize(READ_FILE))]


@router.post(
    "",
    summary="Send a file",
    status_code=201,
    max_body_size=MAX_UPLOAD,
    openapi_extra=FORM | located_at("/v1/files/{sha256}"),
    responses=refuses("file-refused", "file-missing", status=422) | refuses("storage-quota-exceeded", status=429),
)
async def send_file(context: SendFiles, upload: FileUpload) -> FileRef:
    sent = await to_thread.run_sync(_examined, upload, _organisation(context), context.now)
    async with _bytes_of(sent, upload, context) as upload_id:
        return await context.execute(
            partial(record_file, upload_id=upload_id),
            sent,
            private=True,  # its digest stands for the body, which is not read again
            prefetch=keys_of_file(sent, upload_id),
            reply=FileRef,
        )


@router.get("/{sha256}", summary="Fetch a file", response_class=StreamingResponse)
async def get_file(sha256: Digest, context: ReadFiles) -> Response:
    """By who sent it, and by whom an application that names it concerns; under the name that they know it by."""
    file = await _file_or_404(sha256, context)
    application = await _application_naming(sha256, context)
    await context.authorize(application or file)
    content = await context.store.contents.require(sha256)
    return stored_file_response(
        context.request,
        partial(context.files.read, content.file_id),
        size=content.size,
        digest=sha256,
        media_type=file.media_type,
        name=application.name_of(sha256) if application else file.name,
        caller=context.actor.organisation or context.actor.subject,
    )


@asynccontextmanager
async def _bytes_of(sent: SentFile, upload: SpooledUpload, context: RequestContext[Store]) -> AsyncIterator[str | None]:
    """Store the bytes, and yield their id; None for a content that is stored already."""
    if await context.store.contents.get(sent.sha256) is not None:
        yield None
        return
    await to_thread.run_sync(upload.file.seek, 0)
    async with context.files.upload(sent.sha256, upload.read) as upload_id:
        yield upload_id


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


def _examined(upload: SpooledUpload, organisation: str, now: datetime) -> SentFile:
    """Return the file with its digest and its type by content; raise a Refusal for one that may not be stored."""
    media_type = detected_media_type(upload.file)
    wrong = tuple(file_problems(upload.name, upload.size, media_type, rules_on(shanghai_date(now))))
    if wrong or media_type is None:
        raise Refusal("file-refused", *wrong, status=422)
    upload.file.seek(0)
    digest = hashlib.file_digest(upload.file, "sha256").hexdigest()  # type: ignore[arg-type] # any seekable file
    return SentFile(digest, organisation, upload.name, upload.size, media_type)


def _organisation(context: RequestContext[Store]) -> str:
    if context.actor.organisation is None:
        raise Refusal("not-allowed", reason("P2", "organisation-missing", "未表明所属单位"), status=403)
    return context.actor.organisation
