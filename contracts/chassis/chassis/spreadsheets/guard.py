"""Checks before an uploaded workbook is opened: its format, and its size when unpacked."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

XLSX_MAGIC = b"PK\x03\x04"
XLS_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
WORKBOOK = "xl/workbook.xml"
"""The part that makes a package an xlsx; xlsb and ods have none."""
_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
"""Byte order marks and white space; the zero is half a character of UTF-16."""
MAX_UNPACKED = 32 * 1024 * 1024
"""A filled form or a register of thousands is a few megabytes."""
MAX_ROWS = 5000
_PREFIX = rb"<(?:[^\s<>/:]+:)?"
_SHEET = re.compile(_PREFIX + rb"sheetData[\s/>]")
_TAG = re.compile(_PREFIX + rb"""(?:c|row)(?=[\s/>])(?:[^>"']|"[^"]*"|'[^']*')*""")
"""A cell or a row, with any namespace prefix."""
_ADDRESS = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,7})["']""")


class InvalidWorkbookError(Exception):
    """The file is not a readable workbook; ``text`` tells the sender why."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(text)


def check(content: bytes) -> None:
    """Raise ``InvalidWorkbookError`` for anything but an xlsx of reasonable size."""
    if content.startswith(XLS_MAGIC):
        # An xls is a compound file of records: its extent is unknown until all cells are expanded.
        raise InvalidWorkbookError("xls-not-accepted", "不接受 xls 格式，请在 Excel 或 WPS 中另存为 xlsx 后重新上传")
    if not content.startswith(XLSX_MAGIC):
        raise InvalidWorkbookError("not-a-workbook", "文件不是 Excel 工作簿（xlsx）")
    try:
        _check_package(content)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as problem:
        raise InvalidWorkbookError("broken-workbook", "工作簿文件已损坏，无法打开") from problem


def _check_package(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        entries = package.infolist()
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise InvalidWorkbookError("workbook-too-large", "工作簿展开后过大")
        if WORKBOOK not in package.namelist():
            raise InvalidWorkbookError("not-a-workbook", "文件不是 Excel 工作簿（xlsx）")
        for entry in entries:
            _check_part(package.read(entry))


def _check_part(part: bytes) -> None:
    """Check a part as a sheet, because the package itself names which parts are sheets."""
    if not part.lstrip(_BEFORE_XML).startswith(b"<"):
        return
    if b"\0" in part:
        raise InvalidWorkbookError("broken-workbook", "工作簿的编码应为 UTF-8")
    if _SHEET.search(part):
        _check_extent(part)


def _check_extent(sheet: bytes) -> None:
    # The reader expands a sheet to a dense block: a single cell at the far corner would take all memory.
    for tag in _TAG.findall(sheet):
        addresses = _ADDRESS.findall(tag)
        if not addresses:
            raise InvalidWorkbookError("broken-workbook", "工作表中有未标明位置的行或单元格")
        for column, row in addresses:
            if len(column) > len("ZZ") or int(row) > MAX_ROWS:
                raise InvalidWorkbookError("workbook-too-large", f"工作表超出表样范围（{(column + row).decode()}）")
