"""Responses that a browser saves as a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from chassis.handling import Refusal
from chassis.http.admission import caller_of
from chassis.http.conditional import HEAD_ASKED, is_known
from chassis.http.problems import RETRY_AFTER

AT_ONCE, OF_ONE_CALLER = 64, 8
"""Stored files that a process sends at once: of each about a megabyte is in memory, however slowly it is read."""
FILE = {"type": "string", "format": "binary"}
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def file_response(content: bytes, media_type: str, name: str, *, ascii_name: str | None = None) -> Response:
    """Return ``content`` as a download called ``name``; a Chinese name goes in UTF-8 (RFC 6266, RFC 8187).

    Clients that do not know RFC 8187 take ``ascii_name``; left out, it is what ``name`` has in ASCII.
    """
    return Response(content, media_type=media_type, headers={"Content-Disposition": _disposition(name, ascii_name)})


def stored_file_response(  # noqa: PLR0913 - what a response says of a file
    request: Request,
    read: Callable[[int, int], AsyncIterator[bytes]],
    *,
    size: int,
    digest: str,
    media_type: str,
    name: str,
    caller: str,
) -> Response:
    """Return a stored file, a piece at a time; its digest is the ETag, and one range of it may be asked for (RFC 9110).

    ``read`` yields the bytes from one place to before another; ``caller`` has a bounded number under way.
    """
    tag = f'"{digest}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Disposition": _disposition(name, None)}
    if is_known(tag, request.headers.get("If-None-Match", "")):
        return Response(status_code=304, headers={"ETag": tag})
    wanted = _range(request.headers.get("Range"), size) if request.headers.get("If-Range", tag) == tag else None
    start, stop = wanted or (0, size)
    headers["Content-Length"] = str(stop - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    if request.scope.get(HEAD_ASKED):
        return Response(status_code=206 if wanted else 200, headers=headers, media_type=media_type)
    response = _StoredFile(read(start, stop), 206 if wanted else 200, headers, media_type)
    response.place = request.app.state.downloads.hold(caller)
    return response


class Downloads:
    """Counts the stored files that are under way to their callers."""

    def __init__(self, at_once: int = AT_ONCE, of_one_caller: int = OF_ONE_CALLER) -> None:
        self._at_once = at_once
        self._of_one_caller = of_one_caller
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, caller: str) -> Iterator[None]:
        """Send one file to ``caller``."""
        if self._held.total() >= self._at_once or self._held[caller] >= self._of_one_caller:
            raise TooManyDownloadsError
        self._held[caller] += 1
        try:
            yield
        finally:
            self._held[caller] -= 1
            self._held = +self._held


class TooManyDownloadsError(Refusal):
    """The process, or this caller, has as many files under way as it may."""

    def __init__(self) -> None:
        super().__init__("overloaded", status=503, title="Too many files are being sent")
        self.headers = {"Retry-After": str(RETRY_AFTER)}


class _StoredFile(StreamingResponse):
    """A file on its way; while it waits for its reader it counts among the files, and not among the requests."""

    place: AbstractContextManager[None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = caller_of(scope)

        async def send_and_wait(message: Message) -> None:
            with caller.awaited():
                await send(message)

        with self.place:
            await super().__call__(scope, receive, send_and_wait)


def file_responses(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description (``responses=``) of a download."""
    return {200: {"content": {media_type: {"schema": FILE} for media_type in media_types}}}


def _disposition(name: str, ascii_name: str | None) -> str:
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'attachment; filename="{escaped}"'
    stripped = name.encode("ascii", "ignore").decode().replace('"', "").replace("\\", "").strip(" -_.") or "file"
    return f"attachment; filename=\"{ascii_name or stripped}\"; filename*=UTF-8''{quote(name)}"


class RangeNotSatisfiableError(Refusal):
    """The range that is asked for begins after the end of the file."""

    def __init__(self, size: int) -> None:
        super().__init__("range-not-satisfiable", status=416, title="The file ends before this range")
        self.headers = {"Content-Range": f"bytes */{size}"}


def _range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the range as (start, stop); None for the whole file, which also answers what is not one range of bytes."""
    if header is None or (found := _RANGE.fullmatch(header.strip())) is None or header.strip() == "bytes=-":
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= size:
        raise RangeNotSatisfiableError(size)
    return start, stop
