"""Admission: how many requests are in flight, and whether the caller of each still waits.

The outermost layer of a process's HTTP side. Beyond the limit it answers 503 with Retry-After before anything else is
spent on the request, so that those admitted are answered in time and the load's end is the overload's end. Without it
a service at 1.5 times its capacity answered 12 % of the requests in time and did not recover.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from math import inf
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.problems import RETRY_AFTER, answer, problem
from chassis.observability.metrics import Metrics
from chassis.tasks import Turns

MIN_IN_FLIGHT = 100
"""One batch: fewer would leave the committer without work."""
MAX_WAIT = 0.5
"""Seconds within which what is admitted should be answered, whatever the process has of a core."""
WINDOW = 2 * MAX_WAIT
"""Seconds over which answers are counted: they come a batch at a time."""
BEGINNINGS_EACH_PASS, REPLIES_EACH_PASS = 1, 2
"""Requests that begin, and replies that are written, in one pass of the event loop: each is about 1 ms of CPU."""
_CALLER = "green.caller"


class AdmissionLimit:
    """The number of requests that may be in flight, by what the process has shown that it answers in ``MAX_WAIT``.

    A fixed number would mean seconds of waiting where a process has a fifth of a core. It begins at one batch, rises
    with each faster answer, up to ``maximum``, and falls while requests pile up.
    """

    def __init__(self, maximum: int, clock: Callable[[], float] = monotonic) -> None:
        self.in_flight = 0
        self._clock = clock
        self._maximum = maximum
        self._minimum = min(maximum, MIN_IN_FLIGHT)
        self._learned = self._minimum
        self._answered: deque[float] = deque(maxlen=int(maximum * WINDOW / MAX_WAIT))
        self._piled_up_at = inf

    def admits(self) -> bool:
        """Whether one more request may be taken now."""
        if self.in_flight < self._minimum:
            return True
        if self._clock() - self._piled_up_at >= MAX_WAIT:
            self._learned = max(self._minimum, self._answered_in_time())
        return self.in_flight < self._learned

    def begin(self) -> None:
        self.in_flight += 1
        if self.in_flight == self._minimum:
            self._piled_up_at = self._clock()

    def end(self) -> None:
        self._leave()
        self._answered.append(self._clock())
        if self._learned < self._maximum:
            self._learned = max(self._learned, self._answered_in_time())

    @contextmanager
    def caller_awaited(self) -> Iterator[None]:
        """Count a request out while its caller sends or reads: a hundred who do so slowly would shut out all others."""
        self._leave()
        try:
            yield
        finally:
            self.begin()

    def _leave(self) -> None:
        self.in_flight -= 1
        if self.in_flight < self._minimum:
            self._piled_up_at = inf

    def _answered_in_time(self) -> int:
        """Return how many it answers in ``MAX_WAIT``."""
        horizon = self._clock() - WINDOW
        while self._answered and self._answered[0] < horizon:
            self._answered.popleft()
        return int(len(self._answered) * MAX_WAIT / WINDOW)


class AdmissionMiddleware:
    """Admits as many requests as the limit allows; answers the others at once, and counts them."""

    def __init__(self, app: ASGIApp, limit: int, metrics: Metrics) -> None:
        self._app = app
        self._limit = AdmissionLimit(limit)
        self._metrics = metrics
        self._beginnings, self._replies = Turns(BEGINNINGS_EACH_PASS), Turns(REPLIES_EACH_PASS)
        busy = problem(503, "overloaded", title="Too many requests at this moment")
        self._busy = answer(busy, {"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._limit.admits():
            self._metrics.requests_rejected.inc()
            await self._busy(scope, receive, send)
            return
        self._limit.begin()
        scope[_CALLER] = caller = Caller(receive, self._replies, self._limit.caller_awaited)
        try:
            await self._beginnings.wait()
            await self._app(scope, caller.receive, send)
        finally:
            self._limit.end()
            await caller.close()


class Caller:
    """The other end of one request. It is asked between reading the body and beginning the work."""

    def __init__(
        self, receive: Receive, replies: Turns, awaited: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self._receive = receive
        self._replies = replies
        self.awaited = awaited
        """Counts the request out of those in flight while the caller is waited for."""
        self._take: Callable[[int], None] = lambda _size: None
        self._watching: asyncio.Task[Message] | None = None

    def gone(self) -> bool:
        """Whether the caller has closed the connection."""
        return self._watching is not None and self._watching.done()

    async def turn(self) -> None:
        """Wait until its reply may be written: those of one batch are ready at the same moment."""
        await self._replies.wait()

    def count_body(self, take: Callable[[int], None]) -> None:
        """Call ``take`` with the size of each part of the body as it comes; it may raise a Refusal."""
        self._take = take

    async def receive(self) -> Message:
        """Receive as ASGI does; once the body is complete, watch for the end of the connection."""
        if self._watching is not None:
            return await asyncio.shield(self._watching)
        with self.awaited():
            message = await self._receive()
        self._take(len(message.get("body", b"")))
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
        super().__init__(_nothing, Turns(REPLIES_EACH_PASS))

    def gone(self) -> bool:
        return False

    def count_body(self, take: Callable[[int], None]) -> None:
        """Count nothing: it receives nothing."""

    async def turn(self) -> None:
        """Return at once."""


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


PRESENT = _Present()


def caller_of(scope: Scope) -> Caller:
    """Return the caller of a request."""
    return scope.get(_CALLER, PRESENT)  # type: ignore[no-any-return]
