"""The parts of a workbook beside its sheets: titles and places of the sheets, shared texts, number formats."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from xml.parsers import expat

from .archive import Archive, UnreadableError, broken, too_large
from .formats import BUILT_IN

MAX_CHARACTERS = 2_000_000
"""Of all cells together, a shared text counted for each cell that names it."""
MAX_TEXTS = 200_000
MAX_SHEETS = 64
MAX_ELEMENTS = 2_000_000
"""Of one part: empty cells that are only formatted cost time, though no memory."""
LONGEST_TEXT = 32_767
"""Excel's own limit of a cell."""
LONGEST_NUMBER = 64
GENERAL = "general"
NAMESPACES = {
    "",
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/package/2006/relationships",
}
"""Transitional and strict."""
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_DEFAULT_WORKBOOK = "xl/workbook.xml"

Attributes = Mapping[str, str]


class Handler:
    """Follows the elements of a part, each by its name without namespace."""

    def start(self, name: str, attributes: Attributes) -> None: ...
    def end(self, name: str) -> None: ...
    def text(self, text: str) -> None: ...


def parse(pieces: Iterable[bytes], handler: Handler) -> None:
    """Parse a part; raises ``UnreadableError`` where it is not well-formed, or declares entities."""
    left = MAX_ELEMENTS

    def start(name: str, found: Attributes) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise too_large("工作簿内的单元格过多")
        handler.start(_element(name), _attributes(found))

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: handler.end(_element(name))
    parser.CharacterDataHandler = handler.text
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as problem:  # the last two: an encoding that is none
        raise broken() from problem


def _element(name: str) -> str:
    """Return the name of an element of the standard; an empty one for what another program has put beside them."""
    namespace, _, local = name.rpartition(" ")
    return local if namespace in NAMESPACES else ""


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _attributes(found: Attributes) -> Attributes:
    """Return the attributes by their names; one of another namespace never takes the place of the element's own."""
    if not any(" " in name for name in found):
        return found
    return {_local(name): value for name, value in sorted(found.items(), key=lambda each: " " not in each[0])}


def _refuse_doctype(*_declared: object) -> None:
    raise broken("工作簿含有文档类型声明")


class TextCollector(Handler):
    """Collects the text of ``t`` elements, without phonetic guides; a part that is too long is refused."""

    def __init__(self, longest: int = LONGEST_TEXT) -> None:
        self._longest = longest
        self._parts: list[str] = []
        self._length = 0
        self._phonetic = 0
        self._open = False

    def start(self, name: str, attributes: Attributes) -> None:
        del attributes
        self._phonetic += name == "rPh"
        self._open = name == "t" and not self._phonetic

    def end(self, name: str) -> None:
        self._phonetic -= name == "rPh"
        self._open = False

    def text(self, text: str) -> None:
        if self._open:
            self.add(text)

    def add(self, text: str) -> None:
        self._length += len(text)
        if self._length > self._longest:
            raise too_large(f"单元格内的文字超过{self._longest}字")
        self._parts.append(text)

    def take(self) -> str:
        """Return what was collected, and begin anew."""
        found = unescaped("".join(self._parts))
        self._parts, self._length = [], 0
        return found


def unescaped(text: str) -> str:
    """Return the text with ``_x000D_`` and its like as characters, and line ends as one kind."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _SharedTexts(Handler):
    def __init__(self) -> None:
        self.texts: list[str] = []
        self._collector = TextCollector()
        self._left = MAX_CHARACTERS

    def start(self, name: str, attributes: Attributes) -> None:
        self._collector.start(name, attributes)

    def end(self, name: str) -> None:
        self._collector.end(name)
        if name == "si":
            self.texts.append(self._collector.take())
            self._left -= len(self.texts[-1])
            if self._left < 0 or len(self.texts) > MAX_TEXTS:
                raise too_large("工作簿内的文字过多")

    def text(self, text: str) -> None:
        self._collector.text(text)


class _Styles(Handler):
    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._ids: list[str] = []
        self._within = ""

    def start(self, name: str, attributes: Attributes) -> None:
        if name in {"cellXfs", "cellStyleXfs", "dxfs"}:
            self._within = name
        elif name == "numFmt" and self._within != "dxfs":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and self._within == "cellXfs":
            self._ids.append(attributes.get("numFmtId", "0"))

    def end(self, name: str) -> None:
        if name == self._within:
            self._within = ""

    def formats(self) -> list[str]:
        return [self._codes.get(each) or _built_in(each) for each in self._ids]


def _built_in(number: str) -> str:
    return BUILT_IN.get(int(number), GENERAL) if number.isascii() and number.isdigit() and len(number) < 6 else GENERAL  # noqa: PLR2004


class _Relations(Handler):
    def __init__(self) -> None:
        self.found: list[tuple[str, str, str]] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found.append((attributes.get("Id", ""), kind, attributes.get("Target", "")))


class _Titles(Handler):
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.since_1904 = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "sheet":
            self.sheets.append((attributes.get("name", ""), attributes.get("id", "")))
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "").lower() in {"1", "true", "on"}


class Index(NamedTuple):
    """The sheets of the workbook with the names of their parts, and the texts and formats that cells refer to."""

    sheets: list[tuple[str, str]]
    texts: list[str]
    formats: list[str]
    since_1904: bool


def read_index(archive: Archive) -> Index:
    book = _workbook_of(archive)
    titles = _Titles()
    parse(archive.pieces(book), titles)
    relations = _relations_of(archive, book)
    targets = {each: (kind, target) for each, kind, target in relations}
    sheets = [(title, targets[each][1]) for title, each in titles.sheets if targets.get(each, ("",))[0] == "worksheet"]
    names = [title for title, _ in sheets]
    if len(sheets) > MAX_SHEETS:
        raise too_large(f"工作表超过{MAX_SHEETS}张")
    if not sheets or len(set(names)) != len(names):
        raise broken("工作簿的工作表目录有误")
    texts, styles = _SharedTexts(), _Styles()
    for kind, handler in (("sharedStrings", texts), ("styles", styles)):
        for part in [target for _, found, target in relations if found == kind and target in archive][:1]:
            parse(archive.pieces(part), handler)
    return Index(sheets, texts.texts, styles.formats(), titles.since_1904)


def _workbook_of(archive: Archive) -> str:
    found = [target for _, kind, target in _relations_of(archive, "") if kind == "officeDocument"]
    book = next((each for each in found if each in archive), _DEFAULT_WORKBOOK)
    if book not in archive or not book.lower().endswith(".xml"):
        raise UnreadableError(
            "not-a-workbook", "文件不是 Excel 工作簿（xlsx），请在 Excel 或 WPS 中另存为 xlsx 后重新上传"
        )
    return book


def _relations_of(archive: Archive, part: str) -> list[tuple[str, str, str]]:
    """Return id, kind and part of each relation; a part may be named from the root or from beside its owner."""
    folder, name = posixpath.split(part)
    listed = posixpath.join(folder, "_rels", f"{name}.rels")
    if listed not in archive:
        return []
    relations = _Relations()
    parse(archive.pieces(listed), relations)
    return [(each, kind, _resolved(folder, target)) for each, kind, target in relations.found]


def _resolved(folder: str, target: str) -> str:
    target = target.replace("\\", "/")
    return posixpath.normpath(target if target.startswith("/") else posixpath.join(folder, target)).lstrip("/")
