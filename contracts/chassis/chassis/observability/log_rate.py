"""One line of each kind in a second, or a minute: what happens again and again must not fill the disk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Literal

import structlog

SECOND = 1.0
MAX_KINDS = 256
_HEAD = 60


class LineRate:
    """Counts the lines of each kind; one passes in ``interval`` seconds."""

    def __init__(self, interval: float = SECOND, clock: Callable[[], float] = monotonic) -> None:
        self._interval = interval
        self._clock = clock
        self._seen: dict[object, tuple[float, int]] = {}

    def take(self, kind: object) -> int | None:
        """Return how many of the kind were left out before this line; None for a line to be left out."""
        now = self._clock()
        last, left_out = self._seen.get(kind, (now - self._interval, 0))
        if now - last < self._interval:
            self._seen[kind] = (last, left_out + 1)
            return None
        if len(self._seen) >= MAX_KINDS:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        return left_out


class OneLineASecond(logging.Filter):
    """Passes one record of each kind in a second; the next says how many were left out.

    A kind is the beginning of a message, because the rest may hold addresses. It is for the loggers of the event loop
    and the HTTP server: out of file descriptors, every attempt to accept a connection is an error with a traceback.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self.rate = LineRate(clock=clock)

    def filter(self, record: logging.LogRecord) -> bool:
        left_out = self.rate.take((record.name, str(record.msg)[:_HEAD].partition("\n")[0]))
        if left_out:
            record.msg = f"{record.msg} (and {left_out} more like it)"
        return left_out is not None


class ThrottledLog:
    """A log of ours with such a rate for each title; ``suppressed`` counts the lines left out before one.

    Nothing of a line that is left out is formatted, its traceback least of all.
    """

    def __init__(self, name: str, interval: float = SECOND, clock: Callable[[], float] = monotonic) -> None:
        self._log = structlog.get_logger(name)
        self._rate = LineRate(interval, clock)

    def warning(self, title: str, **fields: object) -> None:
        self._add("warning", title, fields)

    def error(self, title: str, **fields: object) -> None:
        self._add("error", title, fields)

    def _add(self, level: Literal["warning", "error"], title: str, fields: dict[str, Any]) -> None:
        left_out = self._rate.take(title)
        if left_out is not None:
            getattr(self._log, level)(title, **fields, **({"suppressed": left_out} if left_out else {}))
