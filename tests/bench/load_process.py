"""The load generator as seen by the measuring process: its requests, its runs and what became of each request."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from asyncio.subprocess import Process as Child
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.measure import percentile

MOST_BYTES = 1 << 28
OK = range(200, 300)
BUSY = 503


class Answer(NamedTuple):
    """One request and what became of it; times in seconds since the begin of the run."""

    line: int
    """Line of the request in its file."""
    phase: int
    due: float
    sent: float
    answered: float | None
    status: int
    retry_after: bool

    @property
    def succeeded(self) -> bool:
        return self.status in OK

    @property
    def seconds(self) -> float:
        """From the moment it was due until its answer."""
        return (self.answered or 0.0) - self.due


@dataclass(frozen=True)
class LoadResult:
    """One run of the generator."""

    answers: Sequence[Answer]
    opened: int
    """Connections opened."""
    cores: float
    """Cores that the generator itself used."""

    @property
    def latest(self) -> float:
        """99 % of the requests were sent no later than this after they were due: the generator's own delay."""
        return percentile([each.sent - each.due for each in self.answers], 0.99)


@dataclass(frozen=True)
class LoadProcess:
    """A running generator."""

    child: Child

    async def run_open(
        self, port: int, requests: Path, phases: Sequence[tuple[float, float]], patience: float
    ) -> LoadResult:
        """Send at the rate of each phase (requests a second, seconds) in turn, whoever answers."""
        return await self._run(
            {"ports": [port], "requests": str(requests), "phases": list(phases), "patience": patience}
        )

    async def run_closed(self, ports: Sequence[int], requests: Path, connections: int, seconds: float) -> LoadResult:
        """Send on so many connections, each as soon as it has its answer, until all are answered or time is over."""
        return await self._run(
            {"ports": list(ports), "requests": str(requests), "connections": connections, "seconds": seconds}
        )

    async def _run(self, task: dict[str, Any]) -> LoadResult:
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps(task).encode() + b"\n")
        result = json.loads(await _read_line(self.child))
        answers = [Answer(*each) for each in result["exchanges"]]
        return LoadResult(answers, result["opened"], result["cores"])


@asynccontextmanager
async def load_process() -> AsyncIterator[LoadProcess]:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.load_generator"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=MOST_BYTES,
    )
    try:
        await _read_line(child)
        yield LoadProcess(child)
    finally:
        child.kill()
        await child.wait()


def request(method: str, path: str, token: str, key: str = "", body: object = None) -> bytes:
    """A request; a command has an idempotency key."""
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    command = f"Idempotency-Key: {key}\r\nContent-Length: {len(content)}\r\n" if key else ""
    media = "Content-Type: application/json\r\n" if content else ""
    return (head + command + media + "\r\n").encode() + content


def write_requests(file: Path, requests: Sequence[bytes]) -> Path:
    file.write_bytes(b"\n".join(map(base64.b64encode, requests)))
    return file


async def _read_line(child: Child) -> bytes:
    assert child.stdout is not None
    line = await child.stdout.readline()
    if not line:
        raise RuntimeError("the load generator ended")
    return line
