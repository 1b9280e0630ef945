"""The package of an xlsx: its parts, counted before any of them is read, and read in pieces."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

ZIP_MAGIC = b"PK\x03\x04"
COMPOUND_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
"""An xls, or an xlsx with a password to open it: both are compound files."""
MAX_ENTRIES = 1000
MAX_DIRECTORY = 512 * 1024
"""Bytes of the directory of parts; a hundred sheets and pictures take twenty thousand."""
MAX_UNPACKED = 32 * 1024 * 1024
"""A filled form or a register of thousands is a few megabytes."""
SAVE_AS = "请在 Excel 或 WPS 中打开后另存为 xlsx 工作簿，再重新上传"
MACROS = "vbaproject.bin"

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s4B4H3L5H2L")
_LONGEST_COMMENT = 0xFFFF
_PIECE = 64 * 1024
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class UnreadableError(Exception):
    """The file is refused; ``text`` tells the sender why, and what to do."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(text)


def broken(what: str = "工作簿文件已损坏，无法读取") -> UnreadableError:
    return UnreadableError("broken-workbook", f"{what}，{SAVE_AS}")


def too_large(what: str) -> UnreadableError:
    return UnreadableError("workbook-too-large", f"{what}，请只保留表样中的内容后{SAVE_AS.removeprefix('请')}")


def part_names(content: bytes) -> list[str]:
    """Return the names of the parts, from the directory alone; raises ``UnreadableError``.

    The end record tells how many there are and how long their directory is, so that a file of 200,000 empty parts is
    refused before one of them is looked at.
    """
    begins, size = _directory(content)
    names: list[str] = []
    at = begins
    while at + _ENTRY.size <= begins + size:
        fields = _ENTRY.unpack_from(content, at)
        signature, (name, extra, comment) = fields[0], fields[12:15]
        if signature != b"PK\x01\x02":
            break
        at += _ENTRY.size
        names.append(_plain_name(content[at : at + name].decode("utf-8", "replace")))
        at += name + extra + comment
    return names


def _directory(content: bytes) -> tuple[int, int]:
    """Return where the directory begins, and its size."""
    at = content.rfind(b"PK\x05\x06", max(0, len(content) - _END.size - _LONGEST_COMMENT))
    if at < 0 or at + _END.size > len(content):
        raise broken()
    _, _, _, _, count, size, _, _ = _END.unpack_from(content, at)
    if content[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise broken("工作簿为 ZIP64 格式")
    if count > MAX_ENTRIES or size > MAX_DIRECTORY:
        raise too_large(f"工作簿内的部件超过{MAX_ENTRIES}个")
    if size > at:
        raise broken()
    # By its end: what stands before the first part moves the offset that the record names.
    return at - size, size


def _plain_name(name: str) -> str:
    """Return a part's name as the standard writes it: some programs write backslashes, or a slash at its beginning."""
    return name.replace("\\", "/").lstrip("/").lower()


class Archive:
    """The parts of a package by their names; reading all of them takes no more than ``MAX_UNPACKED`` bytes."""

    def __init__(self, content: bytes) -> None:
        _refuse_other_formats(content)
        part_names(content)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            entries = self._zip.infolist()
        except _DAMAGED as problem:
            raise broken() from problem
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            name = _plain_name(entry.filename)
            if name in self._entries:
                raise broken("工作簿内有重名的部件")
            self._entries[name] = entry
        if any(name.endswith(MACROS) for name in self._entries):
            raise UnreadableError("macros-not-accepted", f"工作簿含有宏，{SAVE_AS}（不含宏）")
        self._left = MAX_UNPACKED

    def __contains__(self, name: str) -> bool:
        return _plain_name(name) in self._entries

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the part in pieces; raises ``UnreadableError`` for one that is missing, damaged or too large."""
        entry = self._entries.get(_plain_name(name))
        if entry is None:
            raise broken("工作簿缺少其目录所列的部件")
        if entry.file_size > self._left:
            raise too_large("工作簿展开后过大")
        try:
            with self._zip.open(entry) as part:
                while piece := part.read(_PIECE):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise too_large("工作簿展开后过大")
                    yield piece
        except _DAMAGED as problem:
            raise broken() from problem


def _refuse_other_formats(content: bytes) -> None:
    if content.startswith(COMPOUND_MAGIC):
        if "EncryptedPackage".encode("utf-16-le") in content:
            text = "工作簿有打开密码，无法读取，请取消打开密码后另存为 xlsx 工作簿，再重新上传"
            raise UnreadableError("workbook-encrypted", text)
        raise UnreadableError("xls-not-accepted", f"不接受 xls 格式，{SAVE_AS}")
    if not content.startswith(ZIP_MAGIC):
        raise UnreadableError("not-a-workbook", f"文件不是 Excel 工作簿（xlsx），{SAVE_AS}")
