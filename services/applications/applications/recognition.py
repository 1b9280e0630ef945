"""The type of a file by its content (A3), found in bounded work and without holding the file in memory.

A file is recognised when its type's beginning and end stand in it. What follows the end is let pass: phones append a
film to a picture, scanners a signature to a document. Libraries that look at the first bytes alone take a file that was
cut off for a whole one.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

from applications.domain.media_types import JPEG, MACRO_PART, MACROS, PARTS, PDF, PNG

_HEAD = 1024
"""A reader of PDF looks for the head mark in the first kilobyte; here only blank lines may stand before it."""
_BLANK = b"\xef\xbb\xbf\0\t\n\f\r "
_LENGTH_OF_LINEARISED = re.compile(rb"/L[ \t\r\n]{1,8}([0-9]{1,12})")
_BLOCK = 1024 * 1024
_MAX_SEGMENTS = 4096
"""Segments before the picture data of a JPEG: pictures have some dozens."""
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_MARK, _START_OF_SCAN, _END_OF_IMAGE = 0xFF, 0xDA, 0xD9
_SEGMENT = struct.Struct(">BBH")
_PNG_HEAD, _PNG_END = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\0\0\0IEND\xaeB`\x82"

_END_RECORD = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_MAX_COMMENT = 0xFFFF
_MAX_ENTRIES = 1000
_MAX_DIRECTORY = 256 * 1024


def detected_media_type(file: BinaryIO) -> str | None:
    """Return the type by the content; None when the file is broken or of no known type."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD)
    for looks_so, media_type_of in _RECOGNISERS:
        if looks_so(head):
            return media_type_of(file, size, head)
    return None


def _pdf(file: BinaryIO, size: int, head: bytes) -> str | None:
    length = _LENGTH_OF_LINEARISED.search(head) if b"/Linearized" in head else None
    is_cut_off = length is not None and int(length[1]) > size
    return PDF if _find(file, b"%%EOF", 0) is not None and not is_cut_off else None


def _png(file: BinaryIO, _size: int, _head: bytes) -> str | None:
    return PNG if _find(file, _PNG_END, len(_PNG_HEAD)) is not None else None


def _jpeg(file: BinaryIO, _size: int, _head: bytes) -> str | None:
    """Walk to the picture data, past the small picture that a segment may hold, and look for the end behind it."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        file.seek(at)
        segment = file.read(_SEGMENT.size)
        if len(segment) < _SEGMENT.size:
            return None
        mark, kind, length = _SEGMENT.unpack(segment)
        if mark != _MARK or kind == _END_OF_IMAGE:
            return None
        if kind == _START_OF_SCAN:
            return JPEG if _find(file, bytes((_MARK, _END_OF_IMAGE)), at) is not None else None
        at += 1 if kind == _MARK else 2 if kind in _STANDALONE else 2 + length
    return None


def _package(file: BinaryIO, size: int, _head: bytes) -> str | None:
    """Name a package by the parts in its directory, which is read only when its end record says that it is short."""
    file.seek(max(0, size - _END_RECORD.size - _MAX_COMMENT))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END_RECORD.size:
        return None
    *_, entries, length, _, _ = _END_RECORD.unpack_from(tail, at)
    start = size - len(tail) + at - length
    if not 0 < entries <= _MAX_ENTRIES or length > _MAX_DIRECTORY or start < 0:
        return None
    file.seek(start)
    names = [name.replace(b"\\", b"/") for name in _names(file.read(length), entries)]
    if len(names) != entries:
        return None
    if any(name.lower().endswith(MACRO_PART) for name in names):
        return MACROS
    return next((PARTS[name] for name in names if name in PARTS), None)


def _names(directory: bytes, entries: int) -> Iterator[bytes]:
    at = 0
    for _ in range(entries):
        if len(directory) - at < _ENTRY.size or not directory.startswith(b"PK\x01\x02", at):
            return
        name, extra, comment = _ENTRY.unpack_from(directory, at)[10:13]
        yield directory[at + _ENTRY.size : at + _ENTRY.size + name]
        at += _ENTRY.size + name + extra + comment


def _find(file: BinaryIO, wanted: bytes, start: int) -> int | None:
    """Return the place of the first ``wanted`` from ``start`` on, reading a block at a time."""
    file.seek(start)
    kept = b""
    while block := file.read(_BLOCK):
        found = (kept + block).find(wanted)
        if found >= 0:
            return start - len(kept) + found
        start += len(block)
        kept = block[1 - len(wanted) :]
    return None


_RECOGNISERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, int, bytes], str | None]], ...] = (
    (lambda head: head.lstrip(_BLANK).startswith(b"%PDF-"), _pdf),
    (lambda head: head.startswith(_PNG_HEAD), _png),
    (lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda head: head.startswith(b"PK\x03\x04"), _package),
)
