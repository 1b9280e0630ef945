"""One line a second: what strangers can cause again and again must not fill the disk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic

SECOND = 1.0
MAX_KINDS = 256
_HEAD = 60


class OneLineASecond(logging.Filter):
    """Passes one record of each kind in a second; the next says how many were left out.

    A kind is the beginning of a message, because the rest may hold addresses. It is for the loggers of the event loop
    and the HTTP server: out of file descriptors, every attempt to accept a connection is an error with a traceback.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = (record.name, str(record.msg)[:_HEAD].partition("\n")[0])
        now = self._clock()
        last, left_out = self._seen.get(kind, (now - SECOND, 0))
        if now - last < SECOND:
            self._seen[kind] = (last, left_out + 1)
            return False
        if len(self._seen) >= MAX_KINDS:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        if left_out:
            record.msg = f"{record.msg} (and {left_out} more like it)"
        return True
