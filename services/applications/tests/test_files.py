"""Evidence files are what their names say, by their content (A3), and no organisation sends without end."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from applications.domain import files
from applications.domain.files import FileUsage
from applications.domain.media_types import DOCX, JPEG, OFD, PDF, PNG, XLSX
from applications.recognition import detected_media_type
from applications.workbooks import annex1, write
from chassis.handling import Refusal

from .builders import RULES, STEEL, TODAY

CASES = Path(__file__).parent / "files"
PDF_FILE = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
MIB = 1024 * 1024


def png_chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def segment(kind: int, data: bytes = b"") -> bytes:
    return bytes((0xFF, kind)) + struct.pack(">H", len(data) + 2) + data


PNG_FILE = (
    b"\x89PNG\r\n\x1a\n"
    + png_chunk(b"IHDR", struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0))
    + png_chunk(b"IDAT", zlib.compress(b"\0\0"))
    + png_chunk(b"IEND")
)
THUMBNAIL = b"\xff\xd8" + segment(0xDA, b"\x01") + b"\x12\xff\xd9"
JPEG_FILE = b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + THUMBNAIL) + segment(0xDA, b"\x01") + b"\x12" * 40 + b"\xff\xd9"


def archive(*names: str, separator: str = "/") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name in names:
            package.writestr(zipfile.ZipInfo(name.replace("/", separator)), b"<document/>")
    return stream.getvalue()


WORKBOOK = archive("[Content_Types].xml", "xl/workbook.xml")


def found(content: bytes) -> str | None:
    return detected_media_type(io.BytesIO(content))


def reason_codes(name: str, content: bytes) -> list[str]:
    return [each.code for each in files.file_problems(name, len(content), found(content), RULES)]


@pytest.mark.rule("A3")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("执照.pdf", PDF_FILE),
        ("现场.PNG", PNG_FILE),
        ("现场.jpeg", JPEG_FILE),
        ("能耗.xlsx", write(annex1.ENTERPRISE)),
        ("能耗.xlsx", archive("xl/workbook.xml", separator="\\")),
        ("报告.docx", archive("word/document.xml")),
        ("批复.ofd", archive("OFD.xml", "Doc_0/Document.xml")),
    ],
)
def test_a_file_that_is_what_it_says_is_accepted(name: str, content: bytes) -> None:
    assert reason_codes(name, content) == []


@pytest.mark.rule("A3")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("现场.jpg", (CASES / "motion-photo.jpg").read_bytes()),
        ("执照.pdf", (CASES / "after-blank-line.pdf").read_bytes()),
        ("执照.pdf", b"\xef\xbb\xbf\r\n \t\n" + PDF_FILE),
        ("执照.pdf", PDF_FILE + b"signature" * 1000),
        ("现场.png", PNG_FILE + bytes(5 * MIB)),
        ("现场.jpg", JPEG_FILE + b"film" * 1000),
        ("能耗.xlsx", WORKBOOK + bytes(1000)),
    ],
)
def test_what_phones_and_scanners_put_around_a_file_does_not_spoil_it(name: str, content: bytes) -> None:
    assert reason_codes(name, content) == []


@pytest.mark.rule("A3")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("执照.pdf", PNG_FILE),
        ("执照.pdf", PDF_FILE[:20]),
        ("执照.pdf", b"MZ\n" + PDF_FILE),
        ("执照.pdf", b"\n" * 2000 + PDF_FILE),
        ("执照.pdf", PDF_FILE.replace(b"<<>>", b"<</Linearized 1 /L 9999>>", 1)),
        ("现场.png", PNG_FILE[:-4]),
        ("现场.png", PNG_FILE[:8] + bytes(40) + PNG_FILE[-12:]),
        ("现场.jpg", JPEG_FILE[:-2]),
        ("现场.jpg", JPEG_FILE[:4] + b"\xff\xff" + JPEG_FILE[6:]),
        ("现场.jpg", b"\xff\xd8\xff\xd9"),
        ("能耗.xlsx", archive("word/document.xml")),
        ("能耗.xlsx", write(annex1.ENTERPRISE)[:2000]),
        ("能耗.xlsx", WORKBOOK[:-30]),
    ],
)
def test_a_file_that_is_not_what_it_says_or_is_cut_off_is_refused(name: str, content: bytes) -> None:
    assert reason_codes(name, content) == ["content-differs"]


def test_an_end_across_two_blocks_is_found() -> None:
    for shift in range(-len(b"%%EOF") - 1, 2):
        padding = bytes(MIB - len(PDF_FILE) + len(b"%%EOF\n") + shift)
        assert found(PDF_FILE.replace(b"%%EOF", padding + b"%%EOF")) == PDF


@pytest.mark.rule("A3")
@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("setup.exe", b"MZ", "type-not-accepted"),
        ("执照", PDF_FILE, "type-not-accepted"),
        ("报告.doc", b"\xd0\xcf\x11\xe0", "type-not-accepted"),
        ("能耗.xlsx", archive("xl/workbook.xml", "xl/vbaProject.bin"), "macros-not-accepted"),
        ("报告.docx", archive("word/document.xml", "word/VBAPROJECT.BIN"), "macros-not-accepted"),
        ("执照.pdf", b"", "file-empty"),
        ("执照.pdf", bytes(RULES.files.max_bytes + 1), "file-too-large"),
    ],
)
def test_other_types_and_sizes_are_refused(name: str, content: bytes, code: str) -> None:
    assert code in reason_codes(name, content)


class CountedFile(io.BytesIO):
    """Counts what is read of it, and how often."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.bytes_read = self.reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.bytes_read += len(content)
        self.reads += 1
        return content


def hostile_files() -> Iterator[tuple[str, bytes]]:
    """Files made so that reading them as they ask costs most."""
    entry = b"PK\x01\x02" + bytes(42)
    directory = entry * 200_000
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)
    yield "a zip of very many entries", b"PK\x03\x04" + directory + end
    few = struct.pack("<4H2LH", 0, 0, 3, 3, len(directory), 0, 0)
    yield "a zip that says it has few entries", b"PK\x03\x04" + directory + b"PK\x05\x06" + few
    yield "a zip with many ends", b"PK\x03\x04" + b"PK\x05\x06" * 4_000_000
    yield "a JPEG of very many segments", b"\xff\xd8" + segment(0xE0) * 4_000_000
    yield "a JPEG of very many marks", b"\xff\xd8" + b"\xff\xd0" * 8_000_000
    yield "a JPEG of filling alone", b"\xff\xd8" + b"\xff" * 16_000_000
    yield "a PDF of nearly ends", b"%PDF-1.4\n" + b"%%EO" * 4_000_000
    yield "a PDF with a long number", b"%PDF-1.4 /Linearized /L " + b"9" * 16_000_000
    yield "a PNG of nearly ends", PNG_FILE[:33] + b"\0\0\0\0IEN" * 2_000_000


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in hostile_files()])
def test_a_hostile_file_is_told_in_bounded_work(content: bytes) -> None:
    file = CountedFile(content)

    assert detected_media_type(file) is None
    assert file.bytes_read <= len(content) + MIB
    assert file.reads <= 5000


def test_the_directory_of_a_package_is_read_only_when_its_end_says_that_it_is_short() -> None:
    (_, many), *_ = hostile_files()
    file = CountedFile(many)

    detected_media_type(file)

    assert file.bytes_read < 70_000


@pytest.mark.rule("A3")
def test_every_accepted_type_has_a_suffix_and_is_recognised() -> None:
    recognised = {
        found(PDF_FILE),
        found(PNG_FILE),
        found(JPEG_FILE),
        found(WORKBOOK),
        found(archive("word/document.xml")),
        found(archive("OFD.xml")),
    }

    assert set(RULES.files.media_types) == recognised == {PDF, PNG, JPEG, XLSX, DOCX, OFD}
    assert set(RULES.files.media_types) <= set(files.SUFFIXES.values())


@pytest.mark.rule("A3")
def test_an_organisation_sends_so_many_files_a_day_and_is_told_when_it_may_go_on() -> None:
    limits = RULES.files
    full = FileUsage(STEEL.uscc, TODAY, files=limits.max_files_per_day, bytes=limits.max_bytes_per_day)

    with pytest.raises(Refusal) as refused:
        full.require_room(1, RULES)

    assert (refused.value.status, refused.value.code) == (429, "storage-quota-exceeded")
    assert [each.code for each in refused.value.reasons] == ["daily-files-exceeded", "daily-bytes-exceeded"]
    following = TODAY + timedelta(days=1)
    freed = f"{following.year}年{following.month}月{following.day}日零时（北京时间）起可继续上传"
    assert all(freed in each.text for each in refused.value.reasons)
    full.on(following).require_room(limits.max_bytes, RULES)


@pytest.mark.rule("A3")
def test_the_last_byte_of_the_day_may_be_sent() -> None:
    nearly = FileUsage(STEEL.uscc, TODAY, bytes=RULES.files.max_bytes_per_day - 1)

    nearly.require_room(1, RULES)
    with pytest.raises(Refusal) as refused:
        nearly.require_room(2, RULES)
    assert [each.code for each in refused.value.reasons] == ["daily-bytes-exceeded"]
