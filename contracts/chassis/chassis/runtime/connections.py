"""Connections to a process: their sockets, their number, and the time that each part of a request may take.

The HTTP server has a limit for idle connections only: a caller that sent nothing, half a head or half a body held one
for ever, and its descriptor.
"""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from chassis.http.middleware import DEFAULT_HEADERS
from chassis.http.problems import MEDIA_TYPE, ProblemReason, problem
from chassis.settings import Settings

MAX_HEAD = 32 * 1024
"""Bytes of a request line and its headers."""
MAX_HEADERS = 100
MIN_BODY_PROGRESS = 4 * 1024
"""Bytes of a body that arrive within the body's time-out; slower is slower than any network in use."""
SPARE_DESCRIPTORS = 200
"""Left for the database, the broker and files."""
BACKLOG = 2048
UNREADABLE = ProblemReason(
    code="request-unreadable",
    text="请求不符合HTTP格式；地址中的汉字等字符须按UTF-8写成百分号编码，例如“名”写成%E5%90%8D",
)
"""Of a request that no application sees: the parser has refused it."""


@dataclass(frozen=True)
class ConnectionLimits:
    """Bounds of what one process grants; ``unlimited_port`` is not counted, so that probes get in under a siege."""

    connections: int
    head_seconds: float
    body_seconds: float
    answer_seconds: float
    unlimited_port: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> ConnectionLimits:
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return cls(
            connections=max(1, min(settings.max_connections, descriptors - SPARE_DESCRIPTORS)),
            head_seconds=settings.head_timeout_seconds,
            body_seconds=settings.body_timeout_seconds,
            answer_seconds=settings.answer_timeout_seconds,
            unlimited_port=settings.monitoring_port,
        )


class _Awaited(Enum):
    """The part of a request that the caller owes next."""

    NOTHING = "nothing"
    HEAD = "head"
    BODY = "body"


class InvalidHeadError(Exception):
    """Raised in a callback of the parser, which then reads nothing more."""


class LimitedHttpProtocol(HttpToolsProtocol):
    """One connection; whoever keeps it waiting is closed, with 408 where a request had begun."""

    limits: ConnectionLimits

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own parameters
        super().__init__(*args, **options)
        self._awaited = _Awaited.NOTHING
        self._timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None
        self._received = 0
        self._received_before = 0
        self._refusal = 400

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        is_counted = self.server is None or self.server[1] != self.limits.unlimited_port
        if is_counted and len(self.connections) > self.limits.connections:
            transport.abort()
        else:
            self._await(_Awaited.HEAD, self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._awaited is _Awaited.NOTHING and not self._is_answering():
            self._await(_Awaited.HEAD, self.limits.head_seconds)
        self._received += len(data)
        super().data_received(data)
        if self._awaited is _Awaited.HEAD and self._received - self._received_before > MAX_HEAD:
            self._close(431)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._awaited is not _Awaited.HEAD:
            self._await(_Awaited.HEAD, self.limits.head_seconds)

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD or len(self.headers) > MAX_HEADERS:
            self._refusal = 431
            raise InvalidHeadError
        names = {name for name, _ in self.headers}
        if {b"content-length", b"transfer-encoding"} <= names:
            # Two lengths: another server on the way may take the other one (RFC 9112, section 6.1).
            raise InvalidHeadError
        super().on_headers_complete()
        self._await(_Awaited.BODY, self.limits.body_seconds)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._await(_Awaited.NOTHING)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the text of the server's own answer
        if self._refusal == 400:  # noqa: PLR2004 - HTTP's own number
            self.transport.write(_unreadable_answer())
            self.transport.close()
        else:
            self._close(self._refusal)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._answer_timer is None:
            self._answer_timer = self.loop.call_later(self.limits.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def _await(self, awaited: _Awaited, seconds: float = 0.0) -> None:
        self._stop_timer()
        self._awaited = awaited
        self._received_before = self._received
        if awaited is not _Awaited.NOTHING:
            self._timer = self.loop.call_later(seconds, self._check)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        """Close the connection, unless the service itself is what the caller waits for."""
        if self._awaited is _Awaited.HEAD and self._is_answering():
            self._await(_Awaited.HEAD, self.limits.head_seconds)
        elif self._awaited is _Awaited.BODY and (self._progressed() or self._holds_the_body_up()):
            self._await(_Awaited.BODY, self.limits.body_seconds)
        else:
            self._close(408)

    def _progressed(self) -> bool:
        return self._received - self._received_before >= MIN_BODY_PROGRESS

    def _holds_the_body_up(self) -> bool:
        """Whether the service has not asked for more yet: it reads more slowly than the body arrives."""
        return self.flow.read_paused or (self.cycle is not None and self.cycle.waiting_for_100_continue)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _close(self, status: int) -> None:
        """Close; say why where a request has begun and no answer has."""
        if self.transport.is_closing():
            return
        has_begun = self._received > 0 and (self.cycle is None or not self.cycle.response_started)
        if has_begun or status != 408:  # noqa: PLR2004 - HTTP's own number
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


def _unreadable_answer() -> bytes:
    """Return the refusal of an unreadable request, with the headers that every answer has."""
    body = problem(400, reasons=[UNREADABLE]).model_dump_json(exclude_none=True).encode()
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), "connection": "close", **DEFAULT_HEADERS}
    head = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items())
    return STATUS_LINE[400] + head.encode() + b"\r\n" + body


def protocol_within(limits: ConnectionLimits) -> type[LimitedHttpProtocol]:
    """Return the protocol for uvicorn, which makes one object of it for each connection."""
    return type("LimitedHttpProtocol", (LimitedHttpProtocol,), {"limits": limits})


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


class ApplicationsByPort:
    """Answers a request by the port that it came to."""

    def __init__(self, applications: Mapping[int, ASGIApp]) -> None:
        self._applications = applications

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._applications[scope["server"][1]](scope, receive, send)
