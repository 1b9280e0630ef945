"""Middleware: what is refused before anything is measured, correlation ids, the last exception handler."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.conditional import HEAD_ASKED
from chassis.http.methods import METHODS
from chassis.http.problems import answer, answer_body_too_large, problem
from chassis.observability import logs
from chassis.observability.spans import name_by_route
from chassis.observability.tracing import NO_TRACING, Span, Tracing
from chassis.settings import MIB

CORRELATION = "X-Correlation-ID"
DEFAULT_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""Of every answer; a route whose content is public and the same for all may say otherwise."""
MAX_PATH = 2048
"""Bytes of a path, and of a query four times as many; the longest key of a unit takes 1,820."""
DRAIN_SECONDS, DRAIN_BYTES = 1.0, 2 * MIB
"""How much of a refused body to read and discard, in seconds and bytes: closing a connection with unread bytes resets
it, and the reset loses the response."""
_VALID_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}")


class DoorMiddleware:
    """Refuses methods that no route has and addresses that are too long, before a metric or a record names them.

    A HEAD goes on as a GET, for everything behind the door, and loses its body here.
    """

    def __init__(self, app: ASGIApp, methods_of: Callable[[str], Sequence[str]]) -> None:
        self._app = app
        self._methods_of = methods_of
        self._headers = {**DEFAULT_HEADERS, "Connection": "close"}
        self._too_long = answer(problem(414), self._headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if _is_too_long(scope):
            await self._too_long(scope, receive, send)
        elif scope["method"] not in METHODS:
            allowed = {**self._headers, "Allow": ", ".join(self._methods_of(scope["path"]))}
            await answer(problem(405), allowed)(scope, receive, send)
        elif scope["method"] == "HEAD":
            await self._app({**scope, "method": "GET", HEAD_ASKED: True}, receive, _without_body(send))
        else:
            await self._app(scope, receive, send)


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head


def _is_too_long(scope: Scope) -> bool:
    path = scope.get("raw_path") or scope["path"].encode()
    return len(path) > MAX_PATH or len(scope["query_string"]) > 4 * MAX_PATH


class CorrelationMiddleware:
    """Binds a correlation id to each request: the caller's when well formed, else a new one.

    An unexpected error is logged with that id and answered by a problem document without details.
    """

    def __init__(self, app: ASGIApp, tracing: Tracing = NO_TRACING) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        with (
            logs.bound(correlation_id=_correlation_id(headers.get(CORRELATION))),
            self._tracing.request_span(scope["method"], headers.get("traceparent")) as span,
        ):
            await self._answer(scope, receive, send, span)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        started = False

        async def send_correlated(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                name_by_route(span, scope["method"], _route(scope), message["status"])
                headers = MutableHeaders(scope=message)
                headers[CORRELATION] = logs.correlation_id() or ""
                for name, value in DEFAULT_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_correlated)
        except Exception:
            logs.logger(__name__).exception("request failed", method=scope["method"], path=logs.shorten(scope["path"]))
            if started:
                raise
            await answer(problem(500, request=Request(scope)))(scope, receive, send_correlated)


class BodyRefusalMiddleware:
    """Answers a body over its route's limit, which the framework refuses in plain text, with a problem document.

    The connection closes after it, so that the caller stops sending the rest.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused: Response | None = None

        async def send_problem(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                refused = answer_body_too_large(Request(scope))
                refused.headers["Connection"] = "close"
                await refused(scope, receive, _drain_before_close(receive, send))
            elif refused is None:
                await send(message)

        await self._app(scope, receive, send_problem)


def _drain_before_close(receive: Receive, send: Send) -> Send:
    """Send the response, then read the rest of the body for a moment before the server closes."""

    async def send_and_drain(message: Message) -> None:
        last = message["type"] == "http.response.body" and not message.get("more_body")
        if not last:
            await send(message)
            return
        await send({**message, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                drained = 0
                while drained < DRAIN_BYTES and (part := await receive()).get("more_body"):
                    drained += len(part.get("body", b""))
        await send({"type": "http.response.body"})

    return send_and_drain


def _route(scope: Scope) -> str | None:
    """Return the path pattern of the route that the router chose."""
    pattern: str | None = getattr(scope.get("route"), "path_format", None)
    return pattern


def _correlation_id(header: str | None) -> str:
    return header if header and _VALID_ID.fullmatch(header) else uuid.uuid4().hex
