"""Forms are read as they are written; what is wrong is named cell by cell, all at once."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from applications.workbooks import Form, InvalidWorkbookError, annex1, read, report, sheet_names, write
from chassis.spreadsheets import MAX_UNPACKED
from openpyxl import load_workbook

from . import builders_forms as forms
from .builders import PARK

SHEET = "基本情况表（企业填写）"
WRITTEN = write(annex1.ENTERPRISE, forms.enterprise())
FILLED = [
    (annex1.ENTERPRISE, forms.enterprise()),
    (annex1.PARK, forms.park()),
    (report.ENTERPRISE, forms.report_of()),
    (report.PARK, forms.report_of(PARK)),
]


def with_cells(content: bytes, cells: dict[str, Any], sheet: str = SHEET) -> bytes:
    """The workbook after somebody typed into it."""
    book = load_workbook(io.BytesIO(content))
    for place, value in cells.items():
        book[sheet][place] = value
    return _bytes_of(book)


def _bytes_of(book: Any) -> bytes:  # noqa: ANN401 - openpyxl's workbook
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def problems(form: Form, content: bytes) -> dict[str, str]:
    return {each.address: each.code for each in read(form, content).problems}


@pytest.mark.rule("C2")
@pytest.mark.parametrize(("form", "values"), FILLED, ids=lambda each: each.id if isinstance(each, Form) else "")
def test_what_is_written_is_read_back(form: Form, values: dict[str, Any]) -> None:
    reading = read(form, write(form, values))

    assert reading.problems == []
    assert reading.values == values | {
        name: [] for name in ("evidence",) if name in reading.values and name not in values
    }


@pytest.mark.rule("C2")
def test_the_forms_have_the_sheets_and_labels_of_annex_1() -> None:
    assert sheet_names(write(annex1.ENTERPRISE)) == ["封面", "基本情况表（企业填写）", "工作方案"]
    assert sheet_names(write(annex1.PARK)) == ["封面", "基本情况表（园区填写）", "工作方案"]
    labels = [entry.label for entry in annex1.ENTERPRISE_SHEET.entries]
    assert labels[:6] == ["企业名称", "所属行业", "通讯地址", "企业性质", "组织机构代码", "成立时间"]
    columns = [[column.label for column in table.columns] for table in annex1.ENTERPRISE_SHEET.tables]
    assert columns[0][-2:] == ["年能耗总量(万吨标煤)", "年用水总量(万立方米)"]
    assert columns[1] == [
        "年度",
        "总资产（万元）",
        "负债率（%）",
        "主营业务收入（万元）",
        "利润（万元）",
        "税金（万元）",
    ]


@pytest.mark.rule("C2")
def test_an_empty_form_is_told_every_cell_that_is_asked_for() -> None:
    found = problems(annex1.ENTERPRISE, write(annex1.ENTERPRISE))

    assert found["基本情况表（企业填写）!C1"] == "cell-empty"
    assert found["基本情况表（企业填写）!G3"] == "cell-empty"
    assert found["基本情况表（企业填写）!A7"] == "rows-missing"
    assert found["工作方案!C8"] == "cell-empty"
    assert "基本情况表（企业填写）!K4" not in found, "a fax number need not be given"


@pytest.mark.rule("C2")
def test_every_bad_cell_is_named_in_one_answer() -> None:
    content = with_cells(
        WRITTEN,
        {"G3": "911501000000000192", "K3": "去年春天", "K8": "约三十万吨", "E16": "五成半", "K5": "zhang"},
    )

    found = problems(annex1.ENTERPRISE, content)

    assert found == dict.fromkeys((f"{SHEET}!{cell}" for cell in ("G3", "K3", "K5", "K8", "E16")), "cell-malformed")


@pytest.mark.rule("C2")
def test_a_wrong_check_digit_is_told_as_such() -> None:
    reading = read(annex1.ENTERPRISE, write(annex1.ENTERPRISE, forms.enterprise(uscc="911501000000000192")))

    assert [each.text for each in reading.problems] == ["“组织机构代码”应为统一社会信用代码：校验位不符"]
    assert reading.problems[0].found == "911501000000000192"


def test_personal_data_in_a_bad_cell_is_not_repeated() -> None:
    reading = read(annex1.ENTERPRISE, write(annex1.ENTERPRISE, forms.enterprise(contact_phone="张三的电话")))

    assert [(each.code, each.found) for each in reading.problems] == [("cell-malformed", None)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (0.1 + 0.2, Decimal("0.3")),
        ("１２．５", Decimal("12.5")),
        ("1,234.5", Decimal("1234.5")),
        ("98.5%", Decimal("98.5")),
        (7, Decimal(7)),
    ],
)
def test_a_number_is_read_as_it_was_meant(typed: object, meant: Decimal) -> None:
    content = with_cells(WRITTEN, {"L8": typed})

    assert read(annex1.ENTERPRISE, content).values["products"][0]["water"] == meant


@pytest.mark.parametrize("typed", ["2009-05-08", "2009/5/8", "2009年5月8日", date(2009, 5, 8)])
def test_a_day_is_read_in_the_usual_spellings(typed: object) -> None:
    content = with_cells(WRITTEN, {"K3": typed})

    assert read(annex1.ENTERPRISE, content).values["founded"] == date(2009, 5, 8)


@pytest.mark.parametrize("typed", ["国家级", "☑ 国家级 □ 省级", "■国家级 □省级"])
def test_a_box_may_be_ticked_or_written_out(typed: str) -> None:
    content = with_cells(write(annex1.PARK, forms.park()), {"C3": typed}, "基本情况表（园区填写）")

    assert read(annex1.PARK, content).values["park_level"] == "national"


def test_two_ticked_boxes_are_no_answer() -> None:
    content = with_cells(write(annex1.PARK, forms.park()), {"C3": "☑ 国家级 ☑ 省级"}, "基本情况表（园区填写）")

    assert problems(annex1.PARK, content) == {"基本情况表（园区填写）!C3": "cell-malformed"}


def test_another_form_is_told_by_its_missing_sheets() -> None:
    book = load_workbook(io.BytesIO(WRITTEN))
    book[SHEET].title = "Sheet1"

    assert problems(annex1.ENTERPRISE, _bytes_of(book)) == {SHEET: "sheet-missing"}


def test_a_label_that_was_changed_is_told() -> None:
    content = with_cells(WRITTEN, {"A1": "公司名称"})

    assert problems(annex1.ENTERPRISE, content) == {f"{SHEET}!A1": "label-differs"}


def test_a_row_with_nothing_beside_what_was_printed_is_not_answered() -> None:
    given = forms.report_of()
    given["certificates"] = [{"system": "energy"}, *given["certificates"][1:]]

    reading = read(report.ENTERPRISE, write(report.ENTERPRISE, given))

    assert reading.problems == []
    assert [each["system"] for each in reading.values["certificates"]] == [
        row["system"] for row in given["certificates"][1:]
    ]


def _zip_bomb() -> bytes:
    return _package({"xl/workbook.xml": bytes(MAX_UNPACKED + 1)})


def _package(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return stream.getvalue()


def _with_sheet(sheet: str, name: str = "xl/worksheets/sheet1.xml", encoding: str = "utf-8") -> bytes:
    return _package({"xl/workbook.xml": b"<workbook/>", name: sheet.encode(encoding)})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7", "not-a-workbook"),
        (b"", "not-a-workbook"),
        (write(annex1.ENTERPRISE)[:3000], "broken-workbook"),
        (b"PK\x03\x04" + bytes(100), "broken-workbook"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "xls-not-accepted"),
        (_zip_bomb(), "workbook-too-large"),
        (_package({"xl/workbook.bin": b"", "xl/worksheets/sheet1.bin": b""}), "not-a-workbook"),
    ],
    ids=["a pdf", "nothing", "cut off", "broken zip", "xls", "a zip bomb", "xlsb"],
)
def test_what_is_no_workbook_of_a_forms_size_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(InvalidWorkbookError) as refused:
        read(annex1.ENTERPRISE, content)

    assert refused.value.code == code


@pytest.mark.parametrize(("cell", "named"), [("A1048576", "1048576"), ("XFD1", "XFD1")])
def test_a_cell_at_the_far_corner_does_not_take_all_memory(cell: str, named: str) -> None:
    content = with_cells(WRITTEN, {cell: "x"})

    with pytest.raises(InvalidWorkbookError, match=named):
        read(annex1.ENTERPRISE, content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_with_sheet('<sheetData><row r="1"><c t="n" r="XFD1"/></row></sheetData>'), "workbook-too-large"),
        (_with_sheet('<x:sheetData><x:row r="1048576"/></x:sheetData>'), "workbook-too-large"),
        (_with_sheet("<sheetData><row r='1'><c r = 'XFD1'/></row></sheetData>", "far/away.xml"), "workbook-too-large"),
        (_with_sheet("""<sheetData><c t=" r='A1' >" r="XFD1"/></sheetData>"""), "workbook-too-large"),
        (_with_sheet("<sheetData><row><c><v>1</v></c></row></sheetData>"), "broken-workbook"),
        (_with_sheet('<sheetData><c r="XFD1"/></sheetData>', encoding="utf-16"), "broken-workbook"),
    ],
    ids=["other order", "prefix", "elsewhere", "hidden in an attribute", "without addresses", "utf-16"],
)
def test_however_a_far_cell_is_written_it_is_seen_before_the_sheet_is_laid_out(content: bytes, code: str) -> None:
    with pytest.raises(InvalidWorkbookError) as refused:
        read(annex1.ENTERPRISE, content)

    assert refused.value.code == code


def test_a_sheet_with_a_picture_is_read() -> None:
    anchor = b"<xdr:wsDr><xdr:from><xdr:col>0</xdr:col><xdr:row>3</xdr:row></xdr:from></xdr:wsDr>"
    stream = io.BytesIO(WRITTEN)
    with zipfile.ZipFile(stream, "a") as package:
        package.writestr("xl/drawings/drawing1.xml", anchor)

    assert read(annex1.ENTERPRISE, stream.getvalue()).problems == []
