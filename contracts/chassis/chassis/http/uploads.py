"""One uploaded file and what came with it."""

# FastAPI evaluates the annotations of dependencies, in which `guard` is no global name: no deferred annotations here.

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from messages.values import Reason
from starlette.datastructures import UploadFile

from chassis.handling import Refusal
from chassis.http.endpoint import Authorize, RequestContext

ROOM_FOR_FORM = 64 * 1024
"""Boundaries and fields beside the file itself: ``gate.accepts(path, largest + ROOM_FOR_FORM)``."""

FIELDS = 20
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
"""For ``openapi_extra``: the form is read in the route itself, after the caller is known and not before."""


@dataclass(frozen=True)
class Upload:
    name: str
    content: bytes
    fields: Mapping[str, str]
    """What was sent beside the file, in the form or in the query; the query wins."""


def upload_dependency(
    guard: Authorize, missing: Reason | None = None
) -> Callable[[RequestContext], AsyncIterator[Upload]]:
    """A FastAPI dependency that reads the form of a caller whom ``guard`` has let in, and closes it afterwards.

    The body limit is counted while it streams in, and large parts lie on disk until then. A form without a file is
    refused (422, "file-missing") for the reason ``missing``.
    """

    async def uploaded(call: Annotated[RequestContext, Depends(guard)]) -> AsyncIterator[Upload]:
        request = call.request
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise Refusal("media-type-unsupported", status=415, title="Send the file as multipart/form-data")
        async with request.form(max_files=1, max_fields=FIELDS) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Refusal("file-missing", *([missing] if missing else []), status=422)
            sent = {name: value for name, value in form.items() if isinstance(value, str)}
            yield Upload(file.filename or "", await file.read(), {**sent, **request.query_params})

    return uploaded
