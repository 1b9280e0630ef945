"""Where uploads lie while they are received: on the disk of the process, bounded in number and by the room left."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from anyio import to_thread

from chassis.handling import Refusal, StorageFullError
from chassis.http.problems import RETRY_AFTER
from chassis.observability.health import NotReadyError
from chassis.settings import MIB

UPLOADS_AT_ONCE = 32
"""Uploads that a process receives at once: of 20 MB each they take 640 MB of its disk."""
OF_ONE_CALLER = 8
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class TooManyUploadsError(Refusal):
    """The process, or this caller, has as many uploads under way as it may."""

    def __init__(self, code: str, *, status: int, title: str) -> None:
        super().__init__(code, status=status, title=title)
        self.headers = {"Retry-After": str(RETRY_AFTER)}


class UploadSpool:
    """The folder for temporary files of this process."""

    def __init__(self, min_free_bytes: int = 0) -> None:
        self._min_free_bytes = min_free_bytes
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, caller: str) -> Iterator[None]:
        """Receive one upload of ``caller``; a disk without room comes out as StorageFullError."""
        if self._held.total() >= UPLOADS_AT_ONCE:
            raise TooManyUploadsError("overloaded", status=503, title="Too many uploads at this moment")
        if self._held[caller] >= OF_ONE_CALLER:
            title = f"No more than {OF_ONE_CALLER} uploads at once"
            raise TooManyUploadsError("too-many-uploads", status=429, title=title)
        self._require_room()
        self._held[caller] += 1
        try:
            yield
        except OSError as problem:
            if problem.errno not in _FULL:
                raise
            raise StorageFullError(f"no room for an upload: {problem}") from problem
        finally:
            self._held[caller] -= 1
            self._held = +self._held

    async def ping(self) -> None:
        """Raise when there is too little room to receive an upload."""
        try:
            await to_thread.run_sync(self._require_room)
        except StorageFullError as problem:
            raise NotReadyError(str(problem)) from problem

    def _require_room(self) -> None:
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if free < self._min_free_bytes:
            raise StorageFullError(f"{free // MIB} MB left for uploads")
