"""The parts of the service that routes use beside the store, as FastAPI dependencies."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from chassis.http import ROOM_FOR_FORM, spooled_upload_dependency, upload_dependency
from chassis.security import KeyRing
from chassis.spreadsheets import WorkbookReader
from fastapi import Depends, Request
from rulebook import load_rule_sets, reason


def key_ring(request: Request) -> KeyRing:
    """Return the keys of the digests by which legal representatives are known."""
    keys: KeyRing = request.app.state.keys
    return keys


def workbook_reader(request: Request) -> WorkbookReader:
    reader: WorkbookReader = request.app.state.workbooks
    return reader


Keys = Annotated[KeyRing, Depends(key_ring)]
Workbooks = Annotated[WorkbookReader, Depends(workbook_reader)]

MAX_UPLOAD = max(rules.files.max_bytes for rules in load_rule_sets().all) + ROOM_FOR_FORM
"""The largest body of an upload (``max_body_size`` of its route): the largest file of any rule set."""

_MISSING = reason("A3", "file-missing", "缺少文件", pointer="/file")
read_upload = partial(upload_dependency, missing=_MISSING)
"""The dependency of an upload; a form without a file is refused in the regulation's words."""
spool_upload = partial(spooled_upload_dependency, missing=_MISSING)
"""The same for a file that is only stored."""
