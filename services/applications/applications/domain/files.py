"""Evidence files (A3): whether a file may be stored, and what one organisation may send on a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import PurePath

from chassis.handling import Refusal
from messages.values import FileRef, Reason
from rulebook import RuleSet, reason

from applications.domain.media_types import MACROS, SUFFIXES
from applications.domain.single_line import NOT_ONE_LINE, is_one_line

MAX_NAME_LENGTH = 200
"""The limit of the events' schema."""
_MIB = 1024 * 1024


@dataclass(frozen=True)
class SentFile:
    """A file as one organisation has sent it, under the name of its first sending.

    Its content is stored once, however many send it; each sender has a document of its own, so that a file that many
    send is no document that many write.
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


@dataclass(frozen=True)
class StoredContent:
    """The one content of a digest, and the id of its bytes in the file store."""

    sha256: str
    file_id: str
    size: int


@dataclass(frozen=True)
class FileUsage:
    """Files and bytes that one organisation has sent on one day; of no other day anything is kept."""

    organisation: str
    day: date
    files: int = 0
    bytes: int = 0

    def on(self, day: date) -> FileUsage:
        return self if self.day == day else FileUsage(self.organisation, day)

    def with_file(self, size: int) -> FileUsage:
        return replace(self, files=self.files + 1, bytes=self.bytes + size)

    def require_room(self, size: int, rules: RuleSet) -> None:
        """Raise a Refusal (429) with every limit that one more file would exceed, and when it ends."""
        exceeded = tuple(self._exceeded(size, rules))
        if exceeded:
            raise Refusal("storage-quota-exceeded", *exceeded, status=429, title="No more files today")

    def _exceeded(self, size: int, rules: RuleSet) -> Iterator[Reason]:
        following = self.day + timedelta(days=1)
        again = f"{following.year}年{following.month}月{following.day}日零时（北京时间）起可继续上传"
        limits = rules.files
        if self.files + 1 > limits.max_files_per_day:
            text = f"本单位今日已上传{self.files}个文件，达到每日{limits.max_files_per_day}个的上限，{again}"
            yield reason("A3", "daily-files-exceeded", text, str(self.files), "/file")
        if self.bytes + size > limits.max_bytes_per_day:
            most = f"{limits.max_bytes_per_day // _MIB} MB"
            text = f"本单位今日已上传{self.bytes / _MIB:.1f} MB，再上传本文件将超过每日{most}的上限，{again}"
            yield reason("A3", "daily-bytes-exceeded", text, str(self.bytes), "/file")


def file_key(sha256: str, organisation: str) -> str:
    return f"{sha256}:{organisation}"


def file_problems(name: str, size: int, found: str | None, rules: RuleSet) -> Iterator[Reason]:
    """Yield the reasons why a file may not be stored; ``found`` is its type by its content."""
    if not (name and is_one_line(name)) or len(name) > MAX_NAME_LENGTH:
        text = f"文件名应为1至{MAX_NAME_LENGTH}字，{NOT_ONE_LINE}"
        yield reason("A3", "name-malformed", text, pointer="/file")
        return
    if not size:
        yield reason("A3", "file-empty", f"文件“{name}”没有内容", pointer="/file")
        return
    if size > rules.files.max_bytes:
        text = f"文件“{name}”超过{rules.files.max_bytes}字节的上限"
        yield reason("A3", "file-too-large", text, str(size), "/file")
    declared = declared_media_type(name)
    if declared is None or declared not in rules.files.media_types:
        text = f"不接受文件“{name}”的类型"
        yield reason("A3", "type-not-accepted", text, PurePath(name).suffix or None, "/file")
    elif found == MACROS:
        text = f"文件“{name}”含有宏，请另存为不含宏的文件后重新上传"
        yield reason("A3", "macros-not-accepted", text, pointer="/file")
    elif found != declared:
        text = f"文件“{name}”的内容与其类型不符，或文件已损坏"
        yield reason("A3", "content-differs", text, found or "无法识别", "/file")


def declared_media_type(name: str) -> str | None:
    """Return the type that the suffix of the name stands for; None for any other suffix."""
    return SUFFIXES.get(PurePath(name).suffix.lower())
