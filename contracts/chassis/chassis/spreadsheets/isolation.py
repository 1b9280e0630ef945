"""Reads each uploaded workbook in a process of its own, with limits (decision 0032).

The process has the standard library and the reader, no environment, no token and no connection. Whatever the file does
to it (memory, time, an abort, an answer that is none) is one refusal.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from messages.values import Reason

from chassis.handling import Refusal
from chassis.observability.logs import logger
from chassis.settings import MIB, Settings
from chassis.spreadsheets.workbook import InvalidWorkbookError, Workbook

PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from xlsx.child import main; main(*map(int, sys.argv[2:]))"
FOLDER = Path(__file__).parent
"""The folder from which the child imports the reader, without the rest of the chassis."""
MAX_ANSWER = 16 * MIB
RETRY_AFTER = 2
"""Seconds; a filled form is read in a tenth of one."""
_PIECE = 256 * 1024


class Readable(Protocol):
    """An uploaded file."""

    async def read(self) -> bytes: ...


class WorkbooksBusyError(Refusal):
    """As many workbooks are being read as the limits allow; the answer carries ``Retry-After``."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__("workbooks-busy", *reasons, status=503, title="Too many workbooks are being read")
        self.headers = {"Retry-After": str(RETRY_AFTER)}


@dataclass(frozen=True)
class WorkbookLimits:
    """How many workbooks are read at once in this process, and what each may take."""

    at_once: int = 2
    memory_bytes: int = 160 * MIB
    cpu_seconds: int = 10
    wall_seconds: float = 20.0

    @classmethod
    def of(cls, settings: Settings) -> WorkbookLimits:
        return cls(
            settings.workbooks_at_once,
            settings.workbook_memory_mib * MIB,
            settings.workbook_cpu_seconds,
            settings.workbook_wall_seconds,
        )


class WorkbookReader:
    """Reads workbooks, each in a child process that ends with its reading, however that ends."""

    def __init__(self, limits: WorkbookLimits | None = None, *, busy: Reason | None = None) -> None:
        """``busy`` is the reason of the refusal beyond the limit, in the regulation's words."""
        self._limits = limits or WorkbookLimits()
        self._busy = [busy] if busy else []
        self._reading = 0
        self.program = PROGRAM

    async def read(self, upload: Readable) -> Workbook:
        """Return the workbook; raises ``InvalidWorkbookError``, or ``WorkbooksBusyError`` beyond the limit.

        The file is taken into memory when it has its turn, and not before.
        """
        if self._reading >= self._limits.at_once:
            raise WorkbooksBusyError(*self._busy)
        self._reading += 1
        try:
            answer = await self._answer_to(await upload.read())
        finally:
            self._reading -= 1
        return await asyncio.to_thread(_workbook, answer)

    async def _answer_to(self, content: bytes) -> bytes:
        try:
            child = await self._start()
        except OSError as problem:  # the machine has no process or no memory to give at this moment
            logger(__name__).warning("no process to read a workbook in", problem=type(problem).__name__)
            raise WorkbooksBusyError(*self._busy) from problem
        answer, ended = b"", ""
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                answer = await _exchange(child, content)
                ended = f"exit {await child.wait()}"
        except TimeoutError:
            ended = "out of time"
        finally:
            await _end(child)
        if child.returncode != 0 or len(answer) > MAX_ANSWER:
            logger(__name__).warning("a workbook could not be read", ended=ended, size=len(content))
            raise InvalidWorkbookError
        return answer

    async def _start(self) -> asyncio.subprocess.Process:
        limits = self._limits
        numbers = (limits.memory_bytes, limits.cpu_seconds, math.ceil(limits.wall_seconds) + 1)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", "-c", self.program, str(FOLDER), *map(str, numbers)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            cwd="/",
            close_fds=True,
        )


async def _exchange(child: asyncio.subprocess.Process, content: bytes) -> bytes:
    """Send the file and return the answer, cut above its greatest length."""
    assert child.stdin is not None  # noqa: S101 - a pipe was asked for
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    with suppress(ConnectionError):  # a child that ended early reads no further
        child.stdin.write(content)
        await child.stdin.drain()
    child.stdin.close()
    parts: list[bytes] = []
    length = 0
    while length <= MAX_ANSWER and (part := await child.stdout.read(_PIECE)):
        parts.append(part)
        length += len(part)
    return b"".join(parts)


async def _end(child: asyncio.subprocess.Process) -> None:
    """Kill the child unless it has ended, and wait for its end, also when the request is cancelled meanwhile."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    await asyncio.shield(_drained(child))


async def _drained(child: asyncio.subprocess.Process) -> None:
    """Read what is left in the pipe, which closes it."""
    if child.stdin is not None:
        child.stdin.close()
    while child.stdout is not None and await child.stdout.read(_PIECE):
        continue
    await child.wait()


def _workbook(answer: bytes) -> Workbook:
    try:
        return Workbook.of(json.loads(answer))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise InvalidWorkbookError from problem
