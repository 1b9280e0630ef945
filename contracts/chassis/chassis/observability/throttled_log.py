"""A log for what others can cause a thousand times a second: one line a second, with the count of those left out."""

from __future__ import annotations

import asyncio
from typing import Any, Literal, TypeAlias

import structlog

INTERVAL = 1.0
"""Seconds."""
Level: TypeAlias = Literal["warning", "error"]


class ThrottledLog:
    """Writes the first line at once, and then the newest of each interval; ``suppressed`` counts the others."""

    def __init__(self, name: str, interval: float = INTERVAL) -> None:
        self._log = structlog.get_logger(name)
        self._interval = interval
        self._pause: asyncio.TimerHandle | None = None
        self._newest: tuple[Level, str, dict[str, Any]] | None = None
        self._held_back = 0

    def warning(self, title: str, **fields: object) -> None:
        self._add("warning", title, fields)

    def error(self, title: str, **fields: object) -> None:
        self._add("error", title, fields)

    def _add(self, level: Level, title: str, fields: dict[str, Any]) -> None:
        if self._pause is None:
            self._write(level, title, fields, 0)
            return
        self._newest = (level, title, fields)
        self._held_back += 1

    def _write(self, level: Level, title: str, fields: dict[str, Any], suppressed: int) -> None:
        counted = {**fields, "suppressed": suppressed} if suppressed else fields
        getattr(self._log, level)(title, **counted)
        self._pause = asyncio.get_running_loop().call_later(self._interval, self._resume)

    def _resume(self) -> None:
        self._pause = None
        newest, suppressed = self._newest, self._held_back - 1
        self._newest, self._held_back = None, 0
        if newest is not None:
            self._write(*newest, suppressed)
