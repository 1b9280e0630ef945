"""The types of files (A3): by the suffix of the name, and by what stands in a package."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
OFD = "application/ofd"

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {".pdf": PDF, ".png": PNG, ".jpg": JPEG, ".jpeg": JPEG, ".xlsx": XLSX, ".docx": DOCX, ".ofd": OFD}
)
PARTS: Mapping[bytes, str] = MappingProxyType({b"xl/workbook.xml": XLSX, b"word/document.xml": DOCX, b"OFD.xml": OFD})
"""The part by which a package is known."""
MACROS = "application/vnd.ms-office.vbaProject"
"""A package with a part that holds programs, by which other programs refuse it under the names above too."""
MACRO_PART = b"vbaproject.bin"
