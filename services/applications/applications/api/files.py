"""Evidence files over HTTP (A3)."""

from typing import Annotated

from anyio import to_thread
from chassis.handling import Refusal
from chassis.http.endpoint import PROBLEMS, Authorize, RequestContext, refuses
from chassis.security.policies import and_filters
from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse
from messages.values import Digest, FileRef
from rulebook import reason, rules_on, shanghai_date

from applications import handlers
from applications.api.policies import READ_FILE, SEND_FILE
from applications.api.uploads import FORM, Upload, uploading
from applications.domain import files
from applications.domain.application import FILES_CHECKED, Application
from applications.domain.files import Owner
from applications.file_store import FileStore
from applications.store import Store


def router(vault: FileStore) -> APIRouter:
    routes = APIRouter(prefix="/files", tags=["files"], responses=PROBLEMS)
    sending = Authorize(SEND_FILE)

    @routes.post(
        "",
        summary="Send a file",
        status_code=201,
        openapi_extra=FORM,
        responses=refuses("file-refused", "file-missing", status=422),
    )
    async def send(
        call: Annotated[RequestContext[Store], Depends(sending)], upload: Annotated[Upload, Depends(uploading(sending))]
    ) -> FileRef:
        command = await _kept(upload, call, vault)
        return await call.execute(handlers.record_file, command, reply=FileRef)

    @routes.get("/{sha256}", summary="Fetch a file", response_class=FileResponse)
    async def fetch(
        sha256: Digest, call: Annotated[RequestContext[Store], Depends(Authorize(READ_FILE))]
    ) -> FileResponse:
        """By who sent it, and by whom an application that names it concerns; under the name that they know it by."""
        file = await call.store.files.require(sha256)
        concerning = await _concerning(sha256, call)
        await call.authorize(concerning or file)
        name = concerning.name_of(sha256) if concerning else file.name_of(call.actor.organisation)
        return FileResponse(vault.path_of(sha256), media_type=file.media_type, filename=name)

    return routes


async def _concerning(sha256: str, call: RequestContext[Store]) -> Application | None:
    """An application in the caller's reach whose checked report names the file; a draft may name anything."""
    naming = {"report.evidence.sha256": sha256, "state": {"$in": FILES_CHECKED}}
    return next(iter(await call.store.applications.find(and_filters(naming, call.filter()), limit=1)), None)


async def _kept(upload: Upload, call: RequestContext[Store], vault: FileStore) -> handlers.RecordFile:
    """On disk first, then in the database: a row never names a file that is not there."""
    wrong = tuple(files.file_problems(upload.name, upload.content, rules_on(shanghai_date(call.now))))
    kind = files.detected_media_type(upload.content)
    if wrong or kind is None:
        raise Refusal("file-refused", *wrong, status=422)
    owner = Owner(_organisation(call), upload.name)
    digest = await to_thread.run_sync(vault.save, upload.content)
    return handlers.RecordFile(digest, len(upload.content), kind, owner)


def _organisation(call: RequestContext[Store]) -> str:
    if call.actor.organisation is None:
        raise Refusal("not-allowed", reason("P2", "organisation-missing", "未表明所属单位"), status=403)
    return call.actor.organisation
