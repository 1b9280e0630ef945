"""Where uploaded files lie: on disk, each once, named by its SHA-256."""

from __future__ import annotations

import os
import tempfile
from hashlib import sha256
from pathlib import Path


class FileStore:
    """A folder of files that are never changed.

    ``keep`` returns when the content would survive a power cut, so that a row in the database never names a file that
    is not there. A file whose row was not committed after all does no harm: the next upload finds it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        place = self.path_of(digest)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, content)
        return digest

    def path_of(self, digest: str) -> Path:
        """In 256 folders, so that none grows long."""
        return self._folder / digest[:2] / digest

    def ping(self) -> None:
        """Raise when nothing could be kept."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self._folder, os.W_OK):
            raise PermissionError(f"{self._folder} is not writable")


def _write(place: Path, content: bytes) -> None:
    """Whole or not at all: written beside, made durable, then moved into its place."""
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(place)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    _make_durable(place.parent)


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
