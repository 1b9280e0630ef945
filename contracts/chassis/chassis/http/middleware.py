"""The outermost layer of HTTP: correlation, the last catch of what went wrong, and the limit on bodies."""

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

from chassis.http.problems import ProblemReason, answer, problem
from chassis.observability import logs
from chassis.observability.spans import name_by_route
from chassis.observability.tracing import NO_TRACING, Span, Tracing
from chassis.settings import MIB

CORRELATION = "X-Correlation-ID"
PROBE_PATHS = ("/livez", "/readyz", "/metrics")
"""Asked every few seconds: neither measured nor traced."""
DRAIN_SECONDS = 1.0
"""Seconds for which a refused body is thrown away as it comes: a connection closed with unread bytes is reset, and the
reset takes the answer with it."""
_VALID_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}")


class CorrelationMiddleware:
    """Every request works under a correlation id: the caller's own when it is well formed, else a new one.

    Nothing escapes from here: an unknown error is logged with that id and answered as a problem that tells no more.
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
            logs.bound(correlation_id=_correlation(headers.get(CORRELATION))),
            tracing.request_span(scope["method"], headers.get("traceparent")) as span,
        ):
            await self._answer(scope, receive, send, span)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        started = False

        async def correlated(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                name_by_route(span, scope["method"], _route(scope), message["status"])
                MutableHeaders(scope=message)[CORRELATION] = logs.correlation_id() or ""
            await send(message)

        try:
            await self._app(scope, receive, correlated)
        except Exception:
            logs.logger(__name__).exception("request failed", method=scope["method"], path=scope["path"])
            if started:
                raise
            await answer(problem(500, request=Request(scope)))(scope, receive, correlated)


class BodyLimit(NamedTuple):
    """The greatest body, in bytes, that the route ``path`` takes, with the rule and article that say so, if any."""

    path: str
    size: int
    rule: str | None = None
    article: str | None = None

    def exceeded(self) -> ProblemReason:
        text = f"提交的内容超过大小上限（{_size_text(self.size)}）"
        return ProblemReason(
            rule=self.rule, article=self.article, code="body-too-large", text=text, evidence=str(self.size)
        )


class BodyTooLarge(HTTPException):
    """Passes through whatever reads the body and becomes the answer."""

    def __init__(self, limit: BodyLimit) -> None:
        super().__init__(413)
        self.reasons = (limit.exceeded(),)


class BodySizeLimitMiddleware:
    """Refuses bodies over the limit: at once when the length is announced, else while they stream in."""

    def __init__(self, app: ASGIApp, default: int, limits: Sequence[BodyLimit] = ()) -> None:
        self._app = app
        self._default = BodyLimit("", default)
        self._limits = [(compile_path(each.path)[0], each) for each in limits]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > limit.size:
            # Closing tells the caller that nothing of what it still wants to send is read.
            refused = problem(413, reasons=[limit.exceeded()], request=Request(scope))
            refusal = answer(refused, {"Connection": "close"})
            await refusal(scope, receive, _drain_before_close(receive, send))
            return
        await self._app(scope, _count_bytes(receive, limit), send)

    def _limit(self, path: str) -> BodyLimit:
        return next((limit for pattern, limit in self._limits if pattern.fullmatch(path)), self._default)


def _drain_before_close(receive: Receive, send: Send) -> Send:
    """Send the answer, then let the caller finish for a moment before the server closes."""

    async def lingering(message: Message) -> None:
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

    return lingering


def _count_bytes(receive: Receive, limit: BodyLimit) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit.size:
            raise BodyTooLarge(limit)
        return message

    return counted


def _size_text(size: int) -> str:
    """Return whole units; the room for the form beside an uploaded file is not named."""
    return f"{size // MIB} MB" if size >= MIB else f"{size // 1024} KB"


def _route(scope: Scope) -> str | None:
    """Return the pattern of the route that the router has chosen."""
    found: str | None = getattr(scope.get("route"), "path_format", None)
    return found


def _correlation(given: str | None) -> str:
    return given if given and _VALID_ID.fullmatch(given) else uuid.uuid4().hex
