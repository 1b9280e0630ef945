"""A TCP proxy that cuts its connections after a number of bytes, once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self


class CuttingProxy:
    """Forwards to one loopback port; ``passed`` counts the bytes of both directions of all connections."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._cut_at: int | None = None
        self.passed = 0
        self.cuts = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def cut_after(self, count: int) -> None:
        """Count from now on, and cut everything once when so many bytes have passed."""
        self.passed, self._cut_at = 0, count

    def cut(self) -> None:
        """Abort every connection, as a reset would."""
        for writer in self._writers:
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        both = {writer, there_writer}
        self._writers |= both
        with suppress(OSError):
            await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer))
        self._writers -= both

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(65536):
                if self._cut_at is not None and self.passed + len(chunk) >= self._cut_at:
                    writer.write(chunk[: self._cut_at - self.passed])
                    await writer.drain()
                    self._cut_at = None
                    self.cuts += 1
                    self.cut()
                    return
                self.passed += len(chunk)
                writer.write(chunk)
                await writer.drain()
        finally:
            writer.close()
