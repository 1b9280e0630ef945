"""Middleware: correlation ids, the last exception handler, and the limit on request bodies."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.admission import PROBE_PATHS
from chassis.http.problems import ProblemReason, answer, problem
from chassis.observability import logs
from chassis.observability.spans import name_by_route
from chassis.observability.tracing import NO_TRACING, Span, Tracing
from chassis.settings import MIB

CORRELATION = "X-Correlation-ID"
DRAIN_SECONDS = 1.0
"""Seconds to read and discard a refused body: closing a connection with unread bytes resets it, and the reset loses the
response."""
_VALID_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}")


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
        tracing = NO_TRACING if scope["path"] in PROBE_PATHS else self._tracing
        with (
            logs.bound(correlation_id=_correlation_id(headers.get(CORRELATION))),
            tracing.request_span(scope["method"], headers.get("traceparent")) as span,
        ):
            await self._answer(scope, receive, send, span)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        started = False

        async def send_correlated(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                name_by_route(span, scope["method"], _route(scope), message["status"])
                MutableHeaders(scope=message)[CORRELATION] = logs.correlation_id() or ""
            await send(message)

        try:
            await self._app(scope, receive, send_correlated)
        except Exception:
            logs.logger(__name__).exception("request failed", method=scope["method"], path=scope["path"])
            if started:
                raise
            await answer(problem(500, request=Request(scope)))(scope, receive, send_correlated)


class BodyLimit(NamedTuple):
    """The greatest body, in bytes, of the route ``path``, with the rule and article that set it, if any."""

    path: str
    size: int
    rule: str | None = None
    article: str | None = None

    def exceeded(self) -> ProblemReason:
        text = f"提交的内容超过大小上限（{_size_text(self.size)}）"
        return ProblemReason(
            rule=self.rule, article=self.article, code="body-too-large", text=text, evidence=str(self.size)
        )


class BodyTooLargeError(HTTPException):
    """Raised while a body is read; the exception handler of HTTP errors answers it."""

    def __init__(self, limit: BodyLimit) -> None:
        super().__init__(413)
        self.reasons = (limit.exceeded(),)


class BodySizeLimitMiddleware:
    """Refuses bodies over the limit: at once by their Content-Length, else while they are read."""

    def __init__(self, app: ASGIApp, default: int, limits: Sequence[BodyLimit] = ()) -> None:
        self._app = app
        self._default = BodyLimit("", default)
        self._limits = [(compile_path(each.path)[0], each) for each in limits]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > limit.size:
            # The connection closes, so that the caller stops sending the rest.
            refused = problem(413, reasons=[limit.exceeded()], request=Request(scope))
            refusal = answer(refused, {"Connection": "close"})
            await refusal(scope, receive, _drain_before_close(receive, send))
            return
        await self._app(scope, _count_bytes(receive, limit), send)

    def _limit(self, path: str) -> BodyLimit:
        return next((limit for pattern, limit in self._limits if pattern.fullmatch(path)), self._default)


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
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.body"})

    return send_and_drain


def _count_bytes(receive: Receive, limit: BodyLimit) -> Receive:
    received = 0

    async def receive_counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit.size:
            raise BodyTooLargeError(limit)
        return message

    return receive_counted


def _size_text(size: int) -> str:
    """Return the size in whole units, without the allowance for a form around a file."""
    return f"{size // MIB} MB" if size >= MIB else f"{size // 1024} KB"


def _route(scope: Scope) -> str | None:
    """Return the path pattern of the route that the router chose."""
    pattern: str | None = getattr(scope.get("route"), "path_format", None)
    return pattern


def _correlation_id(header: str | None) -> str:
    return header if header and _VALID_ID.fullmatch(header) else uuid.uuid4().hex
