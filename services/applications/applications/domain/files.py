"""Evidence files (A3): the type of a file by its content, and whether it may be stored."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType

from messages.values import FileRef, Reason
from rulebook import RuleSet, reason

from applications.domain.single_line import NOT_ONE_LINE, is_one_line

PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        ".pdf": PDF,
        ".png": PNG,
        ".jpg": JPEG,
        ".jpeg": JPEG,
        ".xlsx": XLSX,
    }
)
_WORKBOOK = "xl/workbook.xml"
MAX_NAME_LENGTH = 200
"""The limit of the events' schema."""
_TAIL = 2048
"""A PDF reader looks for the end mark in the last kilobyte; some programs append a little."""


@dataclass(frozen=True)
class SentFile:
    """A file as one organisation has sent it, under the name of its first sending.

    Its content lies on disk once, however many send it; each sender has a document of its own, so that a file that
    many send is no document that many write.
    """

    sha256: str
    organisation: str
    name: str
    size: int
    media_type: str

    @property
    def key(self) -> str:
        return file_key(self.sha256, self.organisation)

    def ref(self, name: str) -> FileRef:
        return FileRef(name=name, sha256=self.sha256, size=self.size, media_type=self.media_type)


def file_key(sha256: str, organisation: str) -> str:
    return f"{sha256}:{organisation}"


def file_problems(name: str, content: bytes, rules: RuleSet) -> Iterator[Reason]:
    """Yield the reasons why a file may not be stored."""
    if not (name and is_one_line(name)) or len(name) > MAX_NAME_LENGTH:
        text = f"文件名应为1至{MAX_NAME_LENGTH}字，{NOT_ONE_LINE}"
        yield reason("A3", "name-malformed", text, pointer="/file")
        return
    if not content:
        yield reason("A3", "file-empty", f"文件“{name}”没有内容", pointer="/file")
        return
    if len(content) > rules.files.max_bytes:
        text = f"文件“{name}”超过{rules.files.max_bytes}字节的上限"
        yield reason("A3", "file-too-large", text, str(len(content)), "/file")
    declared, found = declared_media_type(name), detected_media_type(content)
    if declared is None or declared not in rules.files.media_types:
        text = f"不接受文件“{name}”的类型"
        yield reason("A3", "type-not-accepted", text, PurePath(name).suffix or None, "/file")
    elif found != declared:
        text = f"文件“{name}”的内容与其类型不符，或文件已损坏"
        yield reason("A3", "content-differs", text, found or "无法识别", "/file")


def declared_media_type(name: str) -> str | None:
    """Return the type that the suffix of the name stands for; None for any other suffix."""
    return SUFFIXES.get(PurePath(name).suffix.lower())


def detected_media_type(content: bytes) -> str | None:
    """Return the type by the content; None when the file is broken or of no known type."""
    return next((media_type for media_type, matches in _CONTENT.items() if matches(content)), None)


def _is_pdf(content: bytes) -> bool:
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-_TAIL:]


def _is_png(content: bytes) -> bool:
    return content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82")


def _is_jpeg(content: bytes) -> bool:
    return content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\0").endswith(b"\xff\xd9")


def _is_xlsx(content: bytes) -> bool:
    if not content.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return _WORKBOOK in package.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


_CONTENT: Mapping[str, Callable[[bytes], bool]] = MappingProxyType(
    {PDF: _is_pdf, PNG: _is_png, JPEG: _is_jpeg, XLSX: _is_xlsx}
)
