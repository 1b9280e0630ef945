"""Idempotency keys: a command sent twice is executed once."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from hashlib import sha256

import orjson
from fastapi import Request
from pydantic_core import to_jsonable_python
from starlette.datastructures import UploadFile

from chassis.handling import Refusal
from chassis.http.forms import form_of

IDEMPOTENCY_KEY = "Idempotency-Key"
COMMAND_METHODS = ("POST", "PUT", "PATCH", "DELETE")
"""Methods of requests that change something and carry an idempotency key."""
_KEY = re.compile(r"[!-~]{1,128}")
_CHUNK = 64 * 1024
_IDS = uuid.UUID("5f0c9c6e-52b7-4b0e-9f0b-1d3a6f7c2e11")
_FORMS = ("multipart/", "application/x-www-form-urlencoded")


def key_of(request: Request) -> str:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None or not _KEY.fullmatch(key):
        title = f"A command needs an {IDEMPOTENCY_KEY} of 1 to 128 visible ASCII characters"
        raise Refusal("idempotency-key-missing", status=400, title=title)
    return key


def derived_id(*parts: str) -> str:
    """Return an id derived from ``parts``: the same parts give the same id."""
    return uuid.uuid5(_IDS, "\0".join(parts)).hex


async def request_digest(request: Request, command: object = None) -> str:
    """Return the digest of a request, to detect another request with the same key.

    ``command`` replaces the body in the digest, for a body that must not be stored: a document number can be guessed
    from a plain digest.
    """
    digest = sha256()
    head = (request.method, request.url.path, request.url.query, request.headers.get("If-Match", ""))
    digest.update("\0".join(head).encode() + b"\0")
    form = request.headers.get("content-type", "").startswith(_FORMS)
    body = b"" if form else await _body(request)
    if command is not None:
        digest.update(orjson.dumps(to_jsonable_python(command), option=orjson.OPT_SORT_KEYS))
    elif form:
        # A form's boundary differs each time it is sent, so the digest covers its parts.
        async for part in _form_parts(request):
            digest.update(part)
    else:
        digest.update(body)
    return digest.hexdigest()


async def _body(request: Request) -> bytes:
    """Return the body as sent; refuse text that cannot be encoded again (unpaired surrogates, RFC 8259 section 8.2)."""
    body = await request.body()
    if b"\\ud" in body.lower():
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError:
            title = "The body contains text that is not Unicode"
            raise Refusal("request-invalid", status=422, title=title) from None
    return body


async def _form_parts(request: Request) -> AsyncIterator[bytes]:
    for name, value in (await form_of(request)).multi_items():
        yield name.encode() + b"\0"
        if isinstance(value, UploadFile):
            yield (value.filename or "").encode() + b"\0"
            await value.seek(0)
            while chunk := await value.read(_CHUNK):
                yield chunk
            await value.seek(0)
        else:
            yield value.encode() + b"\0"
