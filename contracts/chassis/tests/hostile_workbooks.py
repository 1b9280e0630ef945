"""Strategies for workbooks made to be read otherwise than they look: each is a good one with some things changed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from hypothesis import strategies as st

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"
PARTS = {
    "[Content_Types].xml": "<Types/>",
    "_rels/.rels": f'<all><Relationship Id="r" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></all>',
    "xl/workbook.xml": f"""<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr/>
        <sheets><sheet name="表" r:id="a"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<all>
        <Relationship Id="a" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>
        <Relationship Id="b" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>
        <Relationship Id="c" Type="{RELATIONS}/styles" Target="styles.xml"/></all>""",
    "xl/styles.xml": f"""<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="0.0%"/></numFmts>
        <cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs></styleSheet>""",
    "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>甲</t></si></sst>',
}
NUMBERS = ["1", "45", "0.45", "1e3", "1E300000000", "-1", "4" * 70, "nan", "inf", "0x1F", " 7 ", "", "１２"]
FAR = [
    "A1",
    "XFD1048576",
    "XFD01048576",
    "ZZ5000",
    "ZZ900000",
    "A0",
    "a2",
    "AAAA1",
    "A99999999999999",
    "$A$1",
    "",
    "1A",
]
BEFORE = ["", "", "x", "&#32;", "\u00a0", "\ufeff", "<?xml version='1.0'?>", "<!DOCTYPE a>", "\n"]
"""Texts that may stand before the root, and some that may not."""

Parts = dict[str, bytes]
Change = Callable[[Parts], None]


class Sent:
    """An uploaded file; counts how often it was taken into memory."""

    def __init__(self, content: bytes) -> None:
        self.content, self.reads = content, 0

    async def read(self) -> bytes:
        self.reads += 1
        return self.content


def packed(parts: Parts) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return stream.getvalue()


@st.composite
def cells(draw: st.DrawFn) -> str:
    """A cell with attributes as one may write them, and some that only look like its address."""
    address = draw(st.one_of(st.sampled_from(FAR), st.from_regex("[A-Z]{1,3}0{0,6}[1-9][0-9]{0,7}", fullmatch=True)))
    attributes = [
        draw(st.sampled_from([f'r="{address}"', f"r = '{address}'", f'x:r="{address}"', f'r="{address}" r="B2"', ""])),
        draw(st.sampled_from(["", "s=\" r='A2'\"", 's="1"', 's="2"', 's="-1"', 's="99999999999"', "s='&#114;'"])),
        draw(st.sampled_from(["", 't="s"', 't="n"', 't="e"', 't="b"', 't="d"', 't="str"', 't="inlineStr"', 't="?"'])),
    ]
    value = draw(st.one_of(st.sampled_from(NUMBERS), st.text(max_size=20).map(_escaped)))
    inside = draw(
        st.sampled_from([f"<v>{value}</v>", f"<is><t>{value}</t></is>", f"<f>1</f><v>{value}</v>", "<f>A1</f>", ""])
    )
    return f"<c {' '.join(draw(st.permutations(attributes)))}>{inside}</c>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


@st.composite
def sheets(draw: st.DrawFn) -> bytes:
    rows = draw(st.lists(st.lists(cells(), max_size=4), max_size=4))
    numbers = draw(st.lists(st.sampled_from(["", 'r="1"', 'r="01048576"', 'r="2" r="3"', "x=\" r='2'\""]), min_size=4))
    before = draw(
        st.sampled_from(["", "x", "&#32;", "\u00a0", "\ufeff", "<?xml version='1.0'?>", "<!DOCTYPE a>", "\n"])
    )
    body = "".join(f"<row {number}>{''.join(row)}</row>" for number, row in zip(numbers, rows, strict=False))
    text = f'{before}<worksheet xmlns="{MAIN}" xmlns:x="urn:x"><sheetData>{body}</sheetData></worksheet>'
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-16"])))


@st.composite
def amplified(draw: st.DrawFn) -> Parts:
    """A long text named by many cells: twenty kilobytes that stand for gigabytes."""
    length, count = draw(st.sampled_from([1, 1000, 32_000, 20_000_000])), draw(st.sampled_from([1, 100, 1000, 60_000]))
    parts = {name: text.encode() for name, text in PARTS.items()}
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}"><si><t>{"长" * length}</t></si></sst>'.encode()
    rows = "".join('<row><c t="s"><v>0</v></c></row>' for _ in range(count))
    parts[SHEET] = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'.encode()
    return parts


@st.composite
def bytes_changed(draw: st.DrawFn, content: bytes) -> bytes:
    changed = bytearray(content)
    for at, value in draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=6)):
        changed[at] = value
    return bytes(changed[: draw(st.sampled_from([len(content), len(content), len(content) - 30, 40]))])


@st.composite
def workbooks(draw: st.DrawFn) -> bytes:
    if draw(st.integers(0, 5)) == 0:
        return packed(draw(amplified()))
    parts: Parts = {name: text.encode() for name, text in PARTS.items()} | {SHEET: draw(sheets())}
    if draw(st.booleans()):
        name = draw(st.sampled_from(sorted(parts)))
        parts[name] = draw(bytes_changed(parts[name]))
    whole = packed(parts)
    return draw(bytes_changed(whole)) if draw(st.integers(0, 3)) == 0 else whole
