"""Evidence files are what their names say, by their content (A3), and lie on disk once."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from applications.domain import files
from applications.file_store import FileStore
from applications.workbooks import annex1, write

from .builders import RULES

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20) + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9"


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("word/document.xml", "<document/>")
    return stream.getvalue()


def reason_codes(name: str, content: bytes) -> list[str]:
    return [each.code for each in files.file_problems(name, content, RULES)]


@pytest.mark.rule("A3")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("执照.pdf", PDF),
        ("现场.PNG", PNG),
        ("现场.jpeg", JPEG),
        ("能耗.xlsx", write(annex1.ENTERPRISE)),
    ],
)
def test_a_file_that_is_what_it_says_is_accepted(name: str, content: bytes) -> None:
    assert reason_codes(name, content) == []


@pytest.mark.rule("A3")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("执照.pdf", PNG),
        ("执照.pdf", PDF[:20]),
        ("现场.png", PNG[:-4]),
        ("能耗.xlsx", archive()),
        ("能耗.xlsx", write(annex1.ENTERPRISE)[:2000]),
    ],
)
def test_a_file_that_is_not_what_it_says_or_is_cut_off_is_refused(name: str, content: bytes) -> None:
    assert reason_codes(name, content) == ["content-differs"]


@pytest.mark.rule("A3")
@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("setup.exe", b"MZ", "type-not-accepted"),
        ("执照", PDF, "type-not-accepted"),
        ("报告.docx", archive(), "type-not-accepted"),
        ("执照.pdf", b"", "file-empty"),
        ("执照.pdf", bytes(RULES.files.max_bytes + 1), "file-too-large"),
    ],
)
def test_other_types_and_sizes_are_refused(name: str, content: bytes, code: str) -> None:
    assert code in reason_codes(name, content)


@pytest.mark.rule("A3")
def test_a_file_lies_on_disk_once_under_its_digest(tmp_path: Path) -> None:
    store = FileStore(tmp_path)

    digests = {store.save(PDF), store.save(PDF)}

    stored = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert [each.name for each in stored] == list(digests)
    assert store.path_of(digests.pop()).read_bytes() == PDF


def test_what_could_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    digest = store.save(PDF)
    store.path_of(digest).unlink()
    store.path_of(digest).mkdir()  # the move into place must fail

    with pytest.raises(OSError, match="irectory"):
        _write_again(store, digest)

    assert [each.name for each in store.path_of(digest).parent.iterdir()] == [digest]


def _write_again(store: FileStore, digest: str) -> None:
    from applications.file_store import _write  # noqa: PLC0415 - the step that is made to fail

    _write(store.path_of(digest), PDF)
