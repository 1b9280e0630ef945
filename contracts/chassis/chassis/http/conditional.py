"""Reads that a caller repeats: the tag of what it has, and an answer without a body when nothing is new (RFC 9110)."""

from __future__ import annotations

import re
from hashlib import blake2b
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD_ASKED = "green.head"
"""In the scope of a HEAD request, which every layer behind the door takes for a GET."""
PUBLIC = "green.public"
"""In the scope of a read that answers anybody the same; set once the caller is known."""
PUBLIC_HEADERS = {"Cache-Control": "no-cache", "Vary": "Authorization"}
"""Of a public read: kept by whoever likes, and asked for again before it is used."""
_DIGEST_BYTES = 12
_VERSION = re.compile(r'"([0-9]{1,18})(?:-[0-9a-f]{1,64})?"')
_TAG = re.compile(r'(?:W/)?("[^"]{0,200}")')
_OF_THE_BODY = ("content-length", "content-type", "content-disposition")


class ConditionalMiddleware:
    """Gives each whole answer of a read its tag, and answers 304 when the caller names that tag (If-None-Match).

    The tag names the representation, because what one caller sees of one version depends on the day and on its rights.
    A version that a command may name in If-Match stands in front of the digest.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _Answer(scope, send).send)


class _Answer:
    """One answer on its way: its head is held back until it is known whether the body comes in one piece."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            self._head = message
            return
        if self._head is not None:
            head, self._head = self._head, None
            message = await self._begin(head, message)
        await self._send(message)

    async def _begin(self, head: Message, first: Message) -> Message:
        """Send the head; return the first part of the body, which is empty when the caller has it."""
        headers = MutableHeaders(scope=head)
        if self._scope.get(PUBLIC):
            for name, value in PUBLIC_HEADERS.items():
                headers.setdefault(name, value)
        if not first.get("more_body"):
            headers["ETag"] = tag_of(headers.get("ETag"), first.get("body", b""))
            if is_known(headers["ETag"], Headers(scope=self._scope).get("If-None-Match", "")):
                head["status"] = HTTPStatus.NOT_MODIFIED.value
                for name in _OF_THE_BODY:
                    del headers[name]
                first = {**first, "body": b""}
        await self._send(head)
        return first


def tag_of(given: str | None, body: bytes) -> str:
    """Return the tag of a representation: a tag of the route's own, or its version and the digest of the body."""
    digest = blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()
    if given is None:
        return f'"{digest}"'
    version = version_in(given)
    return given if version is None else f'"{version}-{digest}"'


def version_in(tag: str) -> int | None:
    """Return the version that a tag of a read or of a command's answer names."""
    found = _VERSION.fullmatch(tag.strip())
    return int(found[1]) if found else None


def is_known(tag: str, header: str) -> bool:
    """Whether an If-None-Match names the tag, compared weakly as RFC 9110 has it for reads."""
    return header.strip() == "*" or tag in _TAG.findall(header)
