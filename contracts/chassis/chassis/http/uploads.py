"""Uploads: one file and the values sent with it."""

# No deferred annotations: FastAPI evaluates those of dependencies, and `authorize` is not a global name.

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

from anyio import to_thread
from fastapi import Depends
from messages.values import Reason
from starlette.datastructures import UploadFile

from chassis.handling import Refusal
from chassis.http.endpoint import Authorize, RequestContext
from chassis.http.forms import open_form
from chassis.http.spool import UploadSpool

ROOM_FOR_FORM = 64 * 1024
"""Bytes for boundaries and fields around the file: ``max_body_size=largest + ROOM_FOR_FORM`` of the route."""

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "The file with its name (文件)"}
                    },
                }
            }
        },
    }
}
"""For ``openapi_extra``: the form is read only after authorization."""
Admit = Callable[[RequestContext[Any]], Awaitable[None]]
"""Raises a Refusal for a caller whose upload is not to be read."""


async def _admit_all(_context: RequestContext[Any]) -> None:
    """Read every upload."""


@dataclass(frozen=True)
class Upload:
    """One uploaded file on the disk of the process, or in memory while it is small, until the request ends."""

    name: str
    file: UploadFile
    fields: Mapping[str, str]
    """Values from the form and the query; the query wins."""

    async def read(self) -> bytes:
        """Take the whole file into memory: dozens are received at once, so this is for its turn."""
        return await self.file.read()


@dataclass(frozen=True)
class SpooledUpload:
    """One uploaded file on the disk of the process, or in memory while it is small, until the request ends."""

    name: str
    size: int
    file: BinaryIO

    async def read(self, size: int) -> bytes:
        return await to_thread.run_sync(self.file.read, size)


def upload_dependency(
    authorize: Authorize, missing: Reason | None = None
) -> Callable[[RequestContext[Any]], AsyncIterator[Upload]]:
    """Return a FastAPI dependency that reads the form after ``authorize``, and closes it after the request.

    The body limit applies while the form is read; large parts are on disk until the form is closed. A form without a
    file is refused (422, "file-missing") with the reason ``missing``.
    """

    async def read_upload(context: Annotated[RequestContext[Any], Depends(authorize)]) -> AsyncIterator[Upload]:
        async with _received(context, missing) as (file, fields):
            yield Upload(file.filename or "", file, {**fields, **context.request.query_params})

    return read_upload


def spooled_upload_dependency(
    authorize: Authorize, missing: Reason | None = None, admit: Admit = _admit_all
) -> Callable[[RequestContext[Any]], AsyncIterator[SpooledUpload]]:
    """Return a dependency as ``upload_dependency`` does, for a file that is never held whole in memory.

    ``admit`` is asked before the body is read.
    """

    async def spool_upload(context: Annotated[RequestContext[Any], Depends(authorize)]) -> AsyncIterator[SpooledUpload]:
        await admit(context)
        async with _received(context, missing) as (file, _fields):
            yield SpooledUpload(file.filename or "", file.size or 0, file.file)

    return spool_upload


@asynccontextmanager
async def _received(
    context: RequestContext[Any], missing: Reason | None
) -> AsyncIterator[tuple[UploadFile, Mapping[str, str]]]:
    request = context.request
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refusal("media-type-unsupported", status=415, title="Send the file as multipart/form-data")
    spool: UploadSpool = request.app.state.spool
    caller = context.actor.organisation or context.actor.subject
    with spool.hold(caller):
        async with open_form(request) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Refusal("file-missing", *([missing] if missing else []), status=422)
            yield file, {name: value for name, value in form.items() if isinstance(value, str)}
