"""Load generator: a cheap process of its own that sends prepared requests when they are due, whoever answers.

It reads one JSON line for each phase and answers each with one line:

    {"ports": [8000], "requests": "file", "phases": [[600.0, 8.0], [120.0, 4.0]], "patience": 5.0}
    {"ports": [8000, 8001], "requests": "file", "connections": 128, "seconds": 3.0}

With phases (requests a second, seconds) it is an open loop: each request is sent when it is due, on a connection that
is free or on a new one; a client whose patience ends closes its connection. With ``connections`` it is a closed loop:
each connection sends its next request when it has its answer, until the time is over or all requests are answered;
new connections go to the ports in turn. A request that was answered 503 is sent again later, with
the same key, as a client would; all others are sent once. A file holds a request in each line, base64.
"""

from __future__ import annotations

import asyncio
import base64
import json
import resource
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httptools
import uvloop

TICK = 0.002
NEW_CONNECTION_EVERY = 10
"""One request in so many comes on a connection of its own, as from a client that was not there before."""
BUSY = 503
LONGEST = 60.0
"""Patience of the clients of a closed loop."""


@dataclass(slots=True)
class Exchange:
    """One request from the moment it is due."""

    index: int
    """Line of the request."""
    phase: int
    due: float
    """Seconds since the begin of the run."""
    sent: float = 0.0
    answered: float | None = None
    status: int = 0
    """0: no answer within the patience, or a broken connection."""
    retry_after: bool = False

    @property
    def alone(self) -> bool:
        """Whether it is the only request of its connection."""
        return self.index % NEW_CONNECTION_EVERY == 0

    def row(self) -> tuple[object, ...]:
        return self.index, self.phase, self.due, self.sent, self.answered, self.status, self.retry_after


class Connection(asyncio.Protocol):
    """One connection with at most one request at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: Any = None
        self._exchange: Exchange | None = None
        self._served = False
        self._parser = httptools.HttpResponseParser(self)

    def send(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._transport.write(self._load.requests[exchange.index])

    def give_up(self, exchange: Exchange) -> None:
        """Close the connection when this request still waits."""
        if self._exchange is exchange:
            self._exchange = None
            self._transport.close()
            self._load.end(exchange, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, _value: bytes) -> None:
        if self._exchange is not None and name.lower() == b"retry-after":
            self._exchange.retry_after = True

    def on_message_complete(self) -> None:
        exchange, self._exchange = self._exchange, None
        self._served = True
        status, keeps = self._parser.get_status_code(), self._parser.should_keep_alive()
        self._parser = httptools.HttpResponseParser(self)
        keeps = keeps and exchange is not None and not exchange.alone
        if not keeps:
            self._transport.close()
        if exchange is not None:
            exchange.status = status
            self._load.end(exchange, self if keeps else None)

    def connection_lost(self, _problem: Exception | None) -> None:
        self._load.forget(self)
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            if self._served:
                self._load.connect(exchange)  # the server closed an idle connection as the request came
            else:
                self._load.end(exchange, None)


@dataclass
class Load:
    """One run of the generator."""

    ports: list[int]
    requests: list[bytes]
    waiting: deque[int]
    """Requests not sent yet."""
    patience: float
    exchanges: list[Exchange] = field(default_factory=list)
    opened: int = 0
    """Connections opened."""
    _free: list[Connection] = field(default_factory=list)
    _connecting: set[asyncio.Future[None]] = field(default_factory=set)
    _open: int = 0
    _began: float = 0.0
    _closed_until: float | None = None

    async def run_open(self, phases: list[tuple[float, float]]) -> None:
        """Send at the rate of each phase in turn; then wait for the last answers."""
        self._began = time.perf_counter()
        start = 0.0
        for number, (rate, seconds) in enumerate(phases):
            await self._phase(number, rate, start, seconds)
            start += seconds
        await self._finish()

    async def run_closed(self, connections: int, seconds: float) -> None:
        self._began = time.perf_counter()
        self._closed_until = seconds
        for _ in range(connections):
            self._send(0, self._now())
        await self._finish()

    async def _phase(self, number: int, rate: float, start: float, seconds: float) -> None:
        sent, total = 0, int(rate * seconds)
        while sent < total:
            due = min(total, 1 + int((self._now() - start) * rate))
            for index in range(sent, due):
                self._send(number, start + index / rate)
            sent = max(sent, due)
            await asyncio.sleep(TICK)

    async def _finish(self) -> None:
        while self._open:  # noqa: ASYNC110 - the protocols' callbacks count down, at the latest when patience ends
            await asyncio.sleep(TICK)

    def _send(self, phase: int, due: float) -> None:
        if not self.waiting:
            raise SystemExit("the load ran out of requests")
        exchange = Exchange(self.waiting.popleft(), phase, due)
        self.exchanges.append(exchange)
        self._open += 1
        exchange.sent = self._now()
        if self._free and not exchange.alone:
            self._hand_over(exchange, self._free.pop())
        else:
            self.connect(exchange)

    def connect(self, exchange: Exchange) -> None:
        """Send it on a new connection."""
        self.opened += 1
        connecting = asyncio.ensure_future(self._connect(exchange))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)

    def _hand_over(self, exchange: Exchange, connection: Connection) -> None:
        connection.send(exchange)
        left = self.patience - (self._now() - exchange.due)
        asyncio.get_running_loop().call_later(max(0.0, left), connection.give_up, exchange)

    async def _connect(self, exchange: Exchange) -> None:
        loop = asyncio.get_running_loop()
        try:
            port = self.ports[self.opened % len(self.ports)]
            _, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", port)
        except OSError:
            self.end(exchange, None)
        else:
            self._hand_over(exchange, connection)

    def end(self, exchange: Exchange, connection: Connection | None) -> None:
        """Record the end of an exchange; its connection, when it lives, is free again."""
        self._open -= 1
        if exchange.status:
            exchange.answered = self._now()
        if exchange.status == BUSY:
            self.waiting.append(exchange.index)
        if connection is not None:
            self._free.append(connection)
        if self._closed_until is not None and self._now() < self._closed_until and self.waiting:
            self._send(0, self._now())

    def forget(self, connection: Connection) -> None:
        if connection in self._free:
            self._free.remove(connection)

    def _now(self) -> float:
        return time.perf_counter() - self._began


async def run(task: dict[str, Any], loads: dict[str, tuple[list[bytes], deque[int]]]) -> dict[str, object]:
    name = task["requests"]
    if name not in loads:
        lines = await asyncio.to_thread(Path(name).read_bytes)
        requests = [base64.b64decode(line) for line in lines.splitlines()]
        loads[name] = requests, deque(range(len(requests)))
    requests, waiting = loads[name]
    load = Load(task["ports"], requests, waiting, task.get("patience", LONGEST))
    cpu, began = time.process_time(), time.perf_counter()
    if "phases" in task:
        await load.run_open([tuple(each) for each in task["phases"]])
    else:
        await load.run_closed(task["connections"], task["seconds"])
    used = (time.process_time() - cpu) / (time.perf_counter() - began)
    return {"exchanges": [each.row() for each in load.exchanges], "opened": load.opened, "cores": used}


async def main() -> None:
    """Run a task for each line of standard input."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), hard))
    loads: dict[str, tuple[list[bytes], deque[int]]] = {}
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        answer = await run(json.loads(line), loads)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
