"""Admission: how many requests are in flight, and whether the caller of each still waits.

The outermost layer of a process's HTTP side. Beyond the limit it answers 503 with Retry-After before anything else is
spent on the request, so that those admitted are answered in time and the load's end is the overload's end. Without it
a service at 1.5 times its capacity answered 12 % of the requests in time and did not recover.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.problems import RETRY_AFTER, answer, problem
from chassis.observability.metrics import Metrics

PROBE_PATHS = ("/livez", "/readyz", "/metrics")
"""Probes and scrapes, every few seconds: always admitted, not measured, not traced."""
_CALLER = "green.caller"


class AdmissionMiddleware:
    """Admits up to ``limit`` requests at once; answers the others at once, and counts them."""

    def __init__(self, app: ASGIApp, limit: int, metrics: Metrics) -> None:
        self._app = app
        self._limit = limit
        self._metrics = metrics
        self._in_flight = 0
        busy = problem(503, "overloaded", title="Too many requests at this moment")
        self._busy = answer(busy, {"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBE_PATHS:
            await self._app(scope, receive, send)
            return
        if self._in_flight >= self._limit:
            self._metrics.requests_rejected.inc()
            await self._busy(scope, receive, send)
            return
        self._in_flight += 1
        scope[_CALLER] = caller = Caller(receive)
        try:
            await self._app(scope, caller.receive, send)
        finally:
            self._in_flight -= 1
            await caller.close()


class Caller:
    """The other end of one request. It is asked between reading the body and beginning the work."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._watching: asyncio.Task[Message] | None = None

    def gone(self) -> bool:
        """Whether the caller has closed the connection."""
        return self._watching is not None and self._watching.done()

    async def receive(self) -> Message:
        """Receive as ASGI does; once the body is complete, watch for the end of the connection."""
        if self._watching is not None:
            return await asyncio.shield(self._watching)
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            self._watching = asyncio.ensure_future(self._receive())
        return message

    async def close(self) -> None:
        """End the watching; the request is answered."""
        if self._watching is not None and not self._watching.done():
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching


class _Present(Caller):
    """A caller nobody watches: a request that came without this layer."""

    def __init__(self) -> None:
        super().__init__(_nothing)

    def gone(self) -> bool:
        return False


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


PRESENT = _Present()


def caller_of(scope: Scope) -> Caller:
    """Return the caller of a request."""
    return scope.get(_CALLER, PRESENT)  # type: ignore[no-any-return]
