"""Forms with one file, as browsers and other programs send them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from urllib.parse import unquote_to_bytes

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from chassis.handling import Refusal

FIELDS, FIELD_SIZE = 20, 8 * 1024
"""Values beside the file, and bytes of each: they are held in memory."""
UTF_8 = (b"utf-8", b"utf8")
_FORM = "green.form"
_EXTENDED_NAME = re.compile(rb";[ \t]*filename\*=(utf-8|iso-8859-1)'[a-z0-9-]{0,20}'([^;\s]{1,2000})", re.IGNORECASE)


@asynccontextmanager
async def open_form(request: Request) -> AsyncIterator[FormData]:
    """Read a form with one file, of which large parts lie on disk until the block ends."""
    _, options = parse_options_header(request.headers.get("content-type", ""))
    if options.get(b"charset", UTF_8[0]).lower() not in UTF_8:
        # Any of Python's would be the caller's choice, and some take time by the square of the text (punycode).
        raise Refusal("media-type-unsupported", status=415, title="Send the form in UTF-8")
    try:
        async with aclosing(request.stream()) as stream:
            parser = _Parser(request.headers, stream, max_files=1, max_fields=FIELDS, max_part_size=FIELD_SIZE)
            form = await parser.parse()
    except MultiPartException as problem:
        raise HTTPException(400, problem.message) from problem
    except ClientDisconnect:
        raise HTTPException(400) from None
    request.scope[_FORM] = form
    try:
        yield form
    finally:
        await form.close()


async def form_of(request: Request) -> FormData:
    """Return the form that is open, or that the framework has read."""
    form: FormData = request.scope[_FORM] if _FORM in request.scope else await request.form()
    return form


class _Parser(MultiPartParser):
    """Takes a file whose name comes in the extended form alone, which RFC 7578 forbids and programs send."""

    def on_headers_finished(self) -> None:
        part = self._current_part
        part.content_disposition = _with_plain_name(part.content_disposition)
        super().on_headers_finished()


def _with_plain_name(disposition: bytes | None) -> bytes | None:
    found = _EXTENDED_NAME.search(disposition or b"")
    if disposition is None or found is None or b"filename" in parse_options_header(disposition)[1]:
        return disposition
    name = unquote_to_bytes(found[2]).decode(found[1].decode("ascii"), errors="replace")
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return disposition + f'; filename="{escaped}"'.encode()
