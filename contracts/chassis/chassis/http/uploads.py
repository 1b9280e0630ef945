"""Uploads: one file and the values sent with it."""

# No deferred annotations: FastAPI evaluates those of dependencies, and `authorize` is not a global name.

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from messages.values import Reason
from starlette.datastructures import UploadFile

from chassis.handling import Refusal
from chassis.http.endpoint import Authorize, RequestContext

ROOM_FOR_FORM = 64 * 1024
"""Bytes for boundaries and fields around the file: ``BodyLimit(path, largest + ROOM_FOR_FORM)``."""

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
"""For ``openapi_extra``: the form is read only after authorization."""


@dataclass(frozen=True)
class Upload:
    """One uploaded file."""

    name: str
    content: bytes
    fields: Mapping[str, str]
    """Values from the form and the query; the query wins."""


def upload_dependency(
    authorize: Authorize, missing: Reason | None = None
) -> Callable[[RequestContext[Any]], AsyncIterator[Upload]]:
    """Return a FastAPI dependency that reads the form after ``authorize``, and closes it after the request.

    The body limit applies while the form is read; large parts are on disk until the form is closed. A form without a
    file is refused (422, "file-missing") with the reason ``missing``.
    """

    async def read_upload(context: Annotated[RequestContext[Any], Depends(authorize)]) -> AsyncIterator[Upload]:
        request = context.request
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise Refusal("media-type-unsupported", status=415, title="Send the file as multipart/form-data")
        async with request.form(max_files=1, max_fields=FIELDS) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Refusal("file-missing", *([missing] if missing else []), status=422)
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            yield Upload(file.filename or "", await file.read(), {**fields, **request.query_params})

    return read_upload
