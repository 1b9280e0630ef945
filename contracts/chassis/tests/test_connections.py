"""Connections: who keeps the server waiting is closed, by a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from chassis.runtime.connections import (
    MAX_HEAD,
    ApplicationsByPort,
    ConnectionLimits,
    listen,
    protocol_within,
)
from devkit.servers import free_ports
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

SHORT = 0.3
PATIENCE = 10.0
"""Seconds within which a connection that is not closed by its limit of ``SHORT`` fails the test."""
CONNECTIONS = 5
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
HEAD = b"POST /size HTTP/1.1\r\nHost: green\r\nContent-Length: 100000\r\n"


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/endless":
        await StreamingResponse(endless())(scope, receive, send)
        return
    if scope["path"] == "/late":
        await asyncio.sleep(3 * SHORT)
    size = len(await Request(scope, receive).body())
    if scope["path"] == "/slow":
        await asyncio.sleep(3 * SHORT)
    await PlainTextResponse(f"{size} bytes")(scope, receive, send)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 100_000
        await asyncio.sleep(0)


class Served:
    def __init__(self, server: uvicorn.Server, port: int, unlimited_port: int) -> None:
        self.server = server
        self.port = port
        self.unlimited_port = unlimited_port

    @asynccontextmanager
    async def connection(
        self, port: int | None = None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def until_free(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.server.server_state.connections:  # noqa: ASYNC110 - the server has no event for this
                await asyncio.sleep(0.02)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    port, unlimited = free_ports(2)
    limits = ConnectionLimits(CONNECTIONS, SHORT, SHORT, SHORT, unlimited_port=unlimited)
    config = uvicorn.Config(
        ApplicationsByPort({port: answer, unlimited: answer}),
        lifespan="off",
        log_config=None,
        http=protocol_within(limits),
        ws="none",
        timeout_keep_alive=1,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with listen("127.0.0.1", port) as one, listen("127.0.0.1", unlimited) as other:
        running = asyncio.create_task(server._serve([one, other]))
        while not server.started:  # noqa: ASYNC110 - the server has no event for this
            await asyncio.sleep(0.01)
        yield Served(server, port, unlimited)
        server.should_exit = True
        await running


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await reader.read()


async def test_connection_that_says_nothing_is_closed(served: Served) -> None:
    async with served.connection() as (reader, _):
        assert await read_to_end(reader) == b""


@pytest.mark.parametrize("part", [b"POST /size", HEAD, b"\r\n"], ids=["half a line", "half a head", "a blank line"])
async def test_head_that_does_not_end_is_refused(served: Served, part: bytes) -> None:
    async with served.connection() as (reader, writer):
        writer.write(part)

        assert (await read_to_end(reader)).startswith(b"HTTP/1.1 408")


async def test_head_sent_byte_by_byte_is_refused(served: Served) -> None:
    async with served.connection() as (reader, writer):
        drip = asyncio.create_task(drip_into(writer, HEAD))

        assert (await read_to_end(reader)).startswith(b"HTTP/1.1 408")
        drip.cancel()


async def test_body_that_does_not_come_is_refused(served: Served) -> None:
    async with served.connection() as (reader, writer):
        writer.write(HEAD + b"\r\n" + b"x" * 10)

        assert (await read_to_end(reader)).startswith(b"HTTP/1.1 408")


async def test_body_sent_byte_by_byte_is_refused(served: Served) -> None:
    async with served.connection() as (reader, writer):
        writer.write(HEAD + b"\r\n")
        drip = asyncio.create_task(drip_into(writer, b"x" * 1000))

        assert (await read_to_end(reader)).startswith(b"HTTP/1.1 408")
        drip.cancel()


async def drip_into(writer: asyncio.StreamWriter, text: bytes) -> None:
    for byte in text:
        writer.write(bytes([byte]))
        await asyncio.sleep(SHORT / 10)


async def test_body_that_goes_on_arriving_is_read_however_long_it_takes(served: Served) -> None:
    async with served.connection() as (reader, writer):
        writer.write(HEAD + b"Connection: close\r\n\r\n")
        for _ in range(20):
            writer.write(b"x" * 5000)
            await asyncio.sleep(SHORT / 5)

        assert (await read_to_end(reader)).endswith(b"100000 bytes")


async def test_caller_that_was_not_told_to_go_on_is_not_blamed_for_its_body(served: Served) -> None:
    async with served.connection() as (reader, writer):
        writer.write(b"POST /late HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        await reader.readuntil(b"100 Continue\r\n\r\n")
        writer.write(b"12345")

        assert (await read_to_end(reader)).endswith(b"5 bytes")


async def test_answer_that_takes_long_is_waited_for(served: Served) -> None:
    async with served.connection() as (reader, writer):
        writer.write(b"GET /slow HTTP/1.1\r\nHost: green\r\nConnection: close\r\n\r\n")

        assert (await read_to_end(reader)).endswith(b"0 bytes")


async def test_connection_after_an_answer_is_closed_when_idle_and_when_the_next_head_does_not_end(
    served: Served,
) -> None:
    for following in (b"", b"\r\n", b"GET /size HT"):
        async with served.connection() as (reader, writer):
            writer.write(b"GET /size HTTP/1.1\r\nHost: green\r\n\r\n")
            await reader.readuntil(b"0 bytes")
            writer.write(following)

            assert await read_to_end(reader) in {b"", TIMED_OUT}


async def test_caller_that_does_not_read_its_answer_is_cut_off(served: Served) -> None:
    async with served.connection() as (_, writer):
        writer.write(b"GET /endless HTTP/1.1\r\nHost: green\r\n\r\n")
        await asyncio.sleep(SHORT)

        await served.until_free()


async def test_connections_beyond_the_limit_are_closed_and_the_monitoring_port_is_not_counted(served: Served) -> None:
    waiting = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(CONNECTIONS)]
    async with served.connection() as (reader, _):
        with suppress(ConnectionResetError):
            assert await read_to_end(reader) == b""
    async with served.connection(served.unlimited_port) as (reader, writer):
        writer.write(b"GET /size HTTP/1.1\r\nHost: green\r\nConnection: close\r\n\r\n")
        assert (await read_to_end(reader)).endswith(b"0 bytes")
    for _, writer in waiting:
        writer.transport.abort()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /size HTTP/1.1\r\nX-Long: " + b"x" * MAX_HEAD + b"\r\n\r\n", b"431"),
        (b"GET /size HTTP/1.1\r\n" + b"X-Many: 1\r\n" * 101 + b"\r\n", b"431"),
        (b"POST /size HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"POST /size HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", b"400"),
    ],
    ids=["long", "many", "two lengths", "two lengths, the other way"],
)
async def test_head_that_is_too_large_or_names_two_lengths_is_refused(
    served: Served, head: bytes, status: bytes
) -> None:
    async with served.connection() as (reader, writer):
        writer.write(head)

        assert (await read_to_end(reader)).split()[1] == status


async def test_head_without_end_is_refused_while_it_comes(served: Served) -> None:
    async with served.connection() as (reader, writer):
        writer.write(b"GET /size HTTP/1.1\r\nX-Long: " + b"x" * 4 * MAX_HEAD)

        with suppress(ConnectionResetError):  # what was not read resets it, and may overtake the answer
            assert (await read_to_end(reader)).split()[1] == b"431"


@pytest.mark.parametrize(
    "line", ["GET /size?uscc=绿色 HTTP/1.1", "GET /绿色 HTTP/1.1", "HELLO"], ids=["query", "path", "no request"]
)
async def test_request_that_cannot_be_parsed_is_answered_with_a_problem_document(served: Served, line: str) -> None:
    async with served.connection() as (reader, writer):
        writer.write(line.encode() + b"\r\nHost: green\r\n\r\n")

        head, _, body = (await read_to_end(reader)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert f"content-length: {len(body)}".encode() in head
    assert [each["code"] for each in json.loads(body)["reasons"]] == ["request-unreadable"]
    assert "百分号" in json.loads(body)["detail"]
