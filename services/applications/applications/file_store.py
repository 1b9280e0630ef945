"""Uploaded files on disk, each stored once and named by its SHA-256."""

from __future__ import annotations

import os
import tempfile
from hashlib import sha256
from pathlib import Path


class FileStore:
    """A folder of files that are never changed.

    ``save`` returns when the content would survive a power cut, so that a row in the database never names a file that
    is not there. A file whose row was not committed after all does no harm: the next upload finds it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        path = self.path_of(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, content)
        return digest

    def path_of(self, digest: str) -> Path:
        """Return the file's path; 256 folders, so that none grows long."""
        return self._folder / digest[:2] / digest

    def ping(self) -> None:
        """Raise when no file could be saved."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self._folder, os.W_OK):
            raise PermissionError(f"{self._folder} is not writable")


def _write(path: Path, content: bytes) -> None:
    """Write the file whole or not at all: as a draft beside it, made durable, then renamed."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    _make_durable(path.parent)


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
