"""One uploaded file and what came with it."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from chassis.handling import Refusal
from chassis.http import Call, Guard
from fastapi import Depends
from rulebook import reason
from starlette.datastructures import UploadFile

ROOM_FOR_FORM = 64 * 1024
"""Boundaries and fields beside the file itself."""

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


def uploading(guard: Guard) -> Callable[[Call], AsyncIterator[Upload]]:
    """A FastAPI dependency that reads the form of a caller whom ``guard`` has let in, and closes it afterwards.

    The body limit is counted while it streams in, and large parts lie on disk until then.
    """

    async def uploaded(call: Annotated[Call, Depends(guard)]) -> AsyncIterator[Upload]:
        request = call.request
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise Refusal("media-type-unsupported", status=415, title="Send the file as multipart/form-data")
        async with request.form(max_files=1, max_fields=FIELDS) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Refusal("file-missing", reason("A3", "file-missing", "缺少文件", pointer="/file"), status=422)
            sent = {name: value for name, value in form.items() if isinstance(value, str)}
            yield Upload(file.filename or "", await file.read(), {**sent, **request.query_params})

    return uploaded
