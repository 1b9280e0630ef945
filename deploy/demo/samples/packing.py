"""Packs workbooks with the same bytes each time: the writer's time stamps are set to one fixed day."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

from applications.workbooks import Form, write

_STAMPED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_DAY, _MOMENT = b"2026-03-01T00:00:00Z", (2026, 3, 1, 0, 0, 0)
_PROPERTIES = "docProps/core.xml"


def packed(form: Form, values: Mapping[str, object]) -> bytes:
    """Return the filled form as an xlsx."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(write(form, values))) as written, zipfile.ZipFile(target, "w") as package:
        for name in written.namelist():
            content = written.read(name)
            if name == _PROPERTIES:
                content = _STAMPED.sub(rb"\g<1>" + _DAY, content)
            package.writestr(zipfile.ZipInfo(name, _MOMENT), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
