"""The parts of the service that routes use beside the store, as FastAPI dependencies."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from chassis.http import upload_dependency
from chassis.security import KeyRing
from fastapi import Depends, Request
from rulebook import reason

from applications.file_store import FileStore


def key_ring(request: Request) -> KeyRing:
    """Return the keys of the digests by which legal representatives are known."""
    keys: KeyRing = request.app.state.keys
    return keys


def file_store(request: Request) -> FileStore:
    files: FileStore = request.app.state.files
    return files


Keys = Annotated[KeyRing, Depends(key_ring)]
Files = Annotated[FileStore, Depends(file_store)]

read_upload = partial(upload_dependency, missing=reason("A3", "file-missing", "缺少文件", pointer="/file"))
"""The dependency of an upload; a form without a file is refused in the regulation's words."""
