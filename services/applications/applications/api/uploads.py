"""One uploaded file and what came with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.handling import Refusal
from fastapi import Request
from starlette.datastructures import UploadFile

from applications.domain.reasons import reason

ROOM_FOR_FORM = 64 * 1024
"""Boundaries and fields beside the file itself."""

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


async def uploaded(request: Request) -> Upload:
    """The body limit has been counted while it streamed in, and large parts lie on disk."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refusal("media-type-unsupported", status=415, title="Send the file as multipart/form-data")
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Refusal("file-missing", reason("A3", "file-missing", "缺少文件", pointer="/file"), status=422)
    sent = {name: value for name, value in form.items() if isinstance(value, str)}
    return Upload(file.filename or "", await file.read(), {**sent, **request.query_params})
