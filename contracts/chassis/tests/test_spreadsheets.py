"""Tables are read as they are written; every problem is reported at once, cell by cell."""

from __future__ import annotations

import csv
import gc
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

import pytest
from chassis.spreadsheets import (
    Column,
    Heading,
    InvalidWorkbookError,
    SheetData,
    SheetResult,
    Table,
    as_csv,
    as_xlsx,
    csv_head,
    csv_rows,
)
from devkit.workbooks import open_workbook
from messages.values import Text, Uscc
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from pydantic import BaseModel, ConfigDict, Field, model_validator


class Trade(StrEnum):
    STEEL = "steel"
    DAIRY = "dairy"


TRADES = {"steel": "钢铁", "dairy": "乳业"}


class Line(BaseModel):
    model_config = ConfigDict(frozen=True)

    uscc: Annotated[Uscc, Column("统一社会信用代码", asks="为18位统一社会信用代码", width=24)]
    name: Annotated[Text, Column("单位名称")]
    document: Annotated[str, Field(pattern="^[0-9]{17}[0-9X]$"), Column("证件号码", private=True)]
    trades: Annotated[tuple[Trade, ...], Column("行业", choices=TRADES)]
    first: Annotated[date, Column("起始日期")]
    last: Annotated[date | None, Column("截止日期")] = None
    rate: Annotated[Decimal | None, Column("通过率（%）")] = None
    count: Annotated[int, Field(ge=0), Column("数量")] = 0
    open: Annotated[bool, Column("是否公开")] = True
    remark: Annotated[Text | None, Column("说明")] = None

    @model_validator(mode="after")
    def _ends_after_its_beginning(self) -> Self:
        if self.last is not None and self.last < self.first:
            raise ValueError("截止日期早于起始日期")
        return self


LINES = Table("名单", Line, ignored_columns=["序号"])
STEEL = Line(
    uscc="91150100MA0MXT5K33",
    name="示例钢铁有限公司",
    document="15010219900307888X",
    trades=(Trade.STEEL, Trade.DAIRY),
    first=date(2026, 1, 31),
    rate=Decimal("66.7"),
    count=3,
    open=False,
)
PLAIN = STEEL.model_copy(
    update={
        "trades": (Trade.DAIRY,),
        "last": date(2029, 1, 30),
        "rate": None,
        "open": True,
        "remark": "=1+1",
        "name": "乙公司",
    }
)


def sheet(*rows: Sequence[object], title: str = "名单") -> bytes:
    """A workbook as another program writes it."""
    book = Workbook()
    page = book.worksheets[0]
    page.title = title
    for row in rows:
        page.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


HEADINGS = ["统一社会信用代码", "单位名称", "证件号码", "行业", "起始日期"]
GOOD = ["91150100MA0MXT5K33", "甲公司", "15010219900307888X", "钢铁", "2026-01-31"]


def changed(**cells: Any) -> list[Any]:  # noqa: ANN401 - whatever somebody types
    names = ["uscc", "name", "document", "trades", "first"]
    return [cells.get(name, usual) for name, usual in zip(names, GOOD, strict=True)]


def read_lines(content: bytes) -> SheetResult[Line]:
    return LINES.read(open_workbook(content))


def problems(content: bytes) -> list[tuple[str, str]]:
    return [(each.address, each.code) for each in read_lines(content).problems]


def test_written_table_is_read_back() -> None:
    reading = read_lines(LINES.as_xlsx([STEEL, PLAIN]))

    assert reading.problems == []
    assert reading.values == [STEEL, PLAIN]
    assert [each.number for each in reading.rows] == [2, 3]


def test_columns_may_come_in_any_order_under_a_title_and_beside_others() -> None:
    headings = ["序号", " 单位\n名称", "起始日期", "行业", "证件号码", "统一社会信用代码"]
    row = [1, "甲公司", datetime(2026, 1, 31), "钢铁；乳业", "15010219900307888X", "91150100MA0MXT5K33"]  # noqa: DTZ001 - as Excel says a day

    reading = read_lines(sheet(["某某名单"], [], headings, row))

    assert reading.problems == []
    assert [(each.name, each.first, each.trades) for each in reading.values] == [
        ("甲公司", date(2026, 1, 31), (Trade.STEEL, Trade.DAIRY))
    ]


def test_every_bad_cell_is_reported_with_its_place() -> None:
    rows = [
        changed(uscc="91150100MA0MXT5K3"),
        changed(name=None, first="昨天"),
        GOOD,
        changed(trades="钢铁、煤炭", document="12"),
    ]

    reading = read_lines(sheet(HEADINGS, *rows))

    assert [(each.address, each.code, each.text, each.found) for each in reading.problems] == [
        ("名单!A2", "cell-malformed", "“统一社会信用代码”应为18位统一社会信用代码", "91150100MA0MXT5K3"),
        ("名单!B3", "cell-empty", "“单位名称”未填写", None),
        ("名单!E3", "cell-malformed", "“起始日期”应为日期，例如 2026-01-31", "昨天"),
        ("名单!D5", "cell-malformed", "“行业”应为下列之一：钢铁、乳业", "钢铁、煤炭"),
        ("名单!C5", "cell-malformed", "“证件号码”格式不正确", None),
    ]
    assert [each.number for each in reading.rows] == [4]


def test_code_typed_as_a_number_that_lost_digits_is_refused() -> None:
    (problem,) = read_lines(sheet(HEADINGS, changed(document=150102199003078888))).problems

    assert (problem.address, problem.found) == ("名单!C2", None)
    assert "文本格式" in problem.text


def test_row_validation_error_keeps_the_text_of_the_model() -> None:
    reading = read_lines(sheet([*HEADINGS, "截止日期"], [*GOOD, "2025-01-01"]))

    assert [(each.address, each.text) for each in reading.problems] == [("名单!A2", "截止日期早于起始日期")]
    assert reading.values == []


def test_rule_adds_a_problem_to_a_readable_row() -> None:
    reading = read_lines(sheet(HEADINGS, GOOD, GOOD))

    reading.add_problem(reading.rows[1].number, "uscc", "repeated", "与第2行重复", "91150100MA0MXT5K33")

    assert [(each.address, each.code) for each in reading.problems] == [("名单!A3", "repeated")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (sheet(HEADINGS[:-1], GOOD[:-1]), [("名单!A1", "column-missing")]),
        (sheet([*HEADINGS, "起始日期"], [*GOOD, "2026-01-31"]), [("名单!E1", "column-repeated")]),
        (sheet([*HEADINGS, "截止日"], [*GOOD, "2026-01-31"]), [("名单!F1", "column-unknown")]),
        (sheet(["甲"], ["乙"]), [("名单", "headings-missing")]),
        (sheet(), [("名单", "headings-missing")]),
        (sheet(HEADINGS), [("名单!A2", "rows-missing")]),
        (sheet(HEADINGS, [], [None, " "]), [("名单!A2", "rows-missing")]),
        (sheet(HEADINGS, GOOD, title="别的"), []),
    ],
    ids=["missing", "repeated", "unknown", "no headings", "nothing", "no rows", "blank rows", "the only sheet"],
)
def test_sheet_without_the_table_is_refused_with_the_reason(content: bytes, expected: list[tuple[str, str]]) -> None:
    assert problems(content) == expected


def test_sheet_with_the_title_of_the_table_is_read() -> None:
    book = load_workbook(io.BytesIO(sheet(HEADINGS, GOOD, title="别的")))
    book.create_sheet("第二页")
    stream = io.BytesIO()
    book.save(stream)

    assert problems(stream.getvalue()) == [("名单", "sheet-missing")]


def _bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", bytes(64 * 1024 * 1024))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7", "not-a-workbook"),
        (sheet(HEADINGS)[:2000], "broken-workbook"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "xls-not-accepted"),
        (_bomb(), "workbook-too-large"),
    ],
    ids=["a pdf", "cut off", "xls", "a zip bomb"],
)
def test_file_that_is_no_workbook_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(InvalidWorkbookError) as refused:
        read_lines(content)

    assert refused.value.code == code


def test_csv_opens_in_a_spreadsheet_and_holds_no_formula() -> None:
    content = LINES.as_csv([PLAIN])

    assert content.startswith(b"\xef\xbb\xbf")
    headings, row = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert headings[:2] == ["统一社会信用代码", "单位名称"]
    assert row == [PLAIN.uscc, "乙公司", PLAIN.document, "乳业", "2026-01-31", "2029-01-30", "", "3", "是", "'=1+1"]


@pytest.mark.parametrize(
    "text",
    [
        "=1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "﹢1",
        "\u200b=1",
        "\ufeff=1",
        "\u3164\u00a0＝1",
        " =1",
    ],
)
def test_text_that_looks_like_a_formula_is_escaped_and_a_number_is_not(text: str) -> None:
    page = SheetData("页", [Heading("甲"), Heading("乙")], [(text, -5)])

    assert as_csv(page).decode("utf-8-sig").splitlines()[1].endswith(f"'{text},-5")
    cells = load_workbook(io.BytesIO(as_xlsx(page))).worksheets[0][2]
    assert [(cell.value, cell.data_type) for cell in cells] == [(text, "s"), (-5, "n")]


def test_title_is_written_above_the_headings() -> None:
    content = as_xlsx(SheetData("页", [Heading("甲", 30), Heading("乙")], [("a", 1)], above=("题目", "说明")))

    page = load_workbook(io.BytesIO(content)).worksheets[0]
    assert [page.cell(row, 1).value for row in range(1, 5)] == ["题目", "说明", "甲", "a"]
    assert (page.freeze_panes, page.column_dimensions["A"].width) == ("A4", 30)


def test_instant_is_refused_as_a_cell() -> None:
    with pytest.raises(TypeError, match="time zones"):
        as_xlsx(SheetData("页", [Heading("甲")], [(datetime(2026, 1, 1, tzinfo=UTC),)]))


def test_field_without_a_column_is_refused() -> None:
    class Nameless(BaseModel):
        name: str

    with pytest.raises(TypeError, match="names no column"):
        Table("名单", Nameless)


def test_pages_become_the_sheets_of_one_workbook_in_order() -> None:
    content = as_xlsx(SheetData("甲表", [Heading("甲")], [(1,)]), SheetData("乙表", [Heading("乙")], [(2,)]))
    book = load_workbook(io.BytesIO(content))
    assert {sheet.title: sheet["A2"].value for sheet in book.worksheets} == {"甲表": 1, "乙表": 2}


def test_no_row_of_a_workbook_is_kept_once_it_is_written() -> None:
    gc.collect()
    before = _cells()
    held = 0

    def rows() -> Iterator[tuple[int, str]]:
        nonlocal held
        for number in range(500):
            yield number, "文"
            held = max(held, _cells() - before if number % 250 == 249 else 0)

    book = load_workbook(io.BytesIO(as_xlsx(SheetData("表", [Heading("数"), Heading("字")], rows()))))
    assert held < 50
    assert book["表"].max_row == 501


def _cells() -> int:
    """Return the number of cells in memory; other tests of the process may have left some."""
    return sum(isinstance(each, Cell) for each in gc.get_objects())


def test_csv_in_parts_is_the_whole() -> None:
    page = SheetData("表", [Heading("甲"), Heading("乙")], [(1, "=1"), (2, None)])
    assert csv_head(page.headings) + b"".join(csv_rows([row]) for row in page.rows) == as_csv(page)


@pytest.mark.parametrize("text", ["911501050000700179", "007", "12", "1.10", "1E5", "45%", "1,234"])
def test_code_of_figures_stays_text_in_a_spreadsheet(text: str) -> None:
    page = SheetData("页", [Heading("甲"), Heading("乙")], [(text, 12)])

    assert as_csv(page).decode("utf-8-sig").splitlines()[1].replace('"', "") == f"'{text},12"


@pytest.mark.parametrize("character", ["\ufffe", "\uffff", "\x00", "\x0b", "\x1f", "\ud800"])
def test_character_that_no_file_can_hold_is_left_out(character: str) -> None:
    page = SheetData("页", [Heading("甲")], [(f"内蒙古{character}有限公司",)], above=(f"题{character}目",))

    assert open_workbook(as_xlsx(page)).sheets["页"] == [["题目"], ["甲"], ["内蒙古有限公司"]]
    assert "内蒙古有限公司" in as_csv(page).decode()


def test_code_typed_into_a_template_stays_as_it_is_typed() -> None:
    page = load_workbook(io.BytesIO(LINES.as_xlsx())).worksheets[0]

    columns = page.column_dimensions.items()
    assert {page[f"{letter}1"].value for letter, column in columns if column.number_format == "@"} == {
        "统一社会信用代码",
        "单位名称",
        "证件号码",
        "说明",
    }
