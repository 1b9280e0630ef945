"""Whether an uploaded workbook may be opened at all: what it is, and how much would come out of it."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

XLSX_MAGIC = b"PK\x03\x04"
XLS_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
MAX_UNPACKED = 32 * 1024 * 1024
"""A filled form is a few hundred kilobytes; what unpacks to more is none."""
MAX_ROWS = 5000
MAX_COLUMNS = 702
"""Up to column ZZ."""
_CELL = re.compile(rb'<c\b[^>]{0,200}?\br="([A-Z]{1,3})([0-9]{1,7})"')


class NotAWorkbook(Exception):  # noqa: N818 - it says what the file is not
    """The file is no workbook that can be read; ``text`` says why, for the person who sent it."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(text)


def check(content: bytes) -> None:
    """Raise ``NotAWorkbook`` for anything that is no xls or xlsx of a form's size."""
    if content.startswith(XLS_MAGIC):
        return
    if not content.startswith(XLSX_MAGIC):
        raise NotAWorkbook("not-a-workbook", "文件不是 Excel 工作簿（xlsx 或 xls）")
    try:
        _check_package(content)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as problem:
        raise NotAWorkbook("broken-workbook", "工作簿文件已损坏，无法打开") from problem


def _check_package(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        entries = package.infolist()
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise NotAWorkbook("workbook-too-large", "工作簿展开后过大")
        for entry in entries:
            if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
                _check_extent(package.read(entry))


def _check_extent(sheet: bytes) -> None:
    # A reader lays a sheet out as one dense block: a single cell at the far corner would take all memory.
    for column, row in _CELL.findall(sheet):
        if len(column) > len("ZZ") or int(row) > MAX_ROWS:
            raise NotAWorkbook("workbook-too-large", f"工作表超出表样范围（{column.decode()}{row.decode()}）")
