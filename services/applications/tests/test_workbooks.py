"""Forms are read as they are written; what is wrong is named cell by cell, all at once."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from applications.workbooks import Form, InvalidWorkbookError, WorkbookResult, annex1, report, write
from applications.workbooks import read as read_form
from chassis.spreadsheets import MAX_PROBLEMS, first_problems
from chassis.spreadsheets.xlsx.archive import MAX_UNPACKED
from devkit.workbooks import open_workbook
from openpyxl import load_workbook
from rulebook import MEASURE_NAMES

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


def read(form: Form, content: bytes) -> WorkbookResult:
    return read_form(form, open_workbook(content))


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
    assert open_workbook(write(annex1.ENTERPRISE)).titles == (*["封面", "基本情况表（企业填写）", "工作方案"],)
    assert open_workbook(write(annex1.PARK)).titles == (*["封面", "基本情况表（园区填写）", "工作方案"],)
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

    (problem,) = reading.problems
    assert problem.text.startswith("“组织机构代码”应为统一社会信用代码：校验位不符")
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
        ("98.5 ％", Decimal("98.5")),
        ("1，234", Decimal(1234)),
        ("1e3", Decimal(1000)),
        ("\u200b12\ufeff", Decimal(12)),
        (12345678.125, Decimal("12345678.125")),
        (7, Decimal(7)),
    ],
)
def test_a_number_is_read_as_it_was_meant(typed: object, meant: Decimal) -> None:
    content = with_cells(WRITTEN, {"L8": typed})

    assert read(annex1.ENTERPRISE, content).values["products"][0]["water"] == meant


@pytest.mark.parametrize(
    "typed",
    ["12,34", "1,2345", ",123", "1E3000000", "1E300000000", "-1E21", "9" * 65, "1e-3000000000", "0." + "1" * 30, "NaN"],
)
def test_number_that_is_none_or_out_of_range_is_refused_before_it_is_written_out(typed: str) -> None:
    assert problems(annex1.ENTERPRISE, with_cells(WRITTEN, {"L8": typed})) == {f"{SHEET}!L8": "cell-malformed"}


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


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _with_sheet(sheet: str, name: str = "worksheets/sheet1.xml", encoding: str = "utf-8") -> bytes:
    book = (
        f"""<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets><sheet name="封面" r:id="a"/></sheets></workbook>"""
    )
    relations = (
        f"""<Relationships><Relationship Id="a" Type="{RELATIONS}/worksheet" Target="{name}"/></Relationships>"""
    )
    parts = {"xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": relations, f"xl/{name}": f"<w>{sheet}</w>"}
    return _package({each: text.encode(encoding) for each, text in parts.items()})


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
    assert "另存为" in refused.value.text


@pytest.mark.parametrize(("cell", "named"), [("A1048576", "1048576"), ("XFD1", "XFD1")])
def test_a_cell_at_the_far_corner_does_not_take_all_memory(cell: str, named: str) -> None:
    content = with_cells(WRITTEN, {cell: "x"})

    with pytest.raises(InvalidWorkbookError, match=named):
        read(annex1.ENTERPRISE, content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_with_sheet('<sheetData><row r="1"><c t="n" r="XFD1"><v>1</v></c></row></sheetData>'), "workbook-too-large"),
        (_with_sheet('<row r="1"><c r="XFD1"><v>1</v></c></row>', "far/away.xml"), "workbook-too-large"),
        (_with_sheet("""<row r="1"><c t=" r='A1' >" r="XFD1"><v>1</v></c></row>"""), "workbook-too-large"),
        (_with_sheet("""<row r="01048576"><c s=" r='A2'" r="B01048576"><v>1</v></c></row>"""), "workbook-too-large"),
        (_with_sheet("<row>" + "<c/>" * 2_000_001 + "</row>"), "workbook-too-large"),
        (_with_sheet("""<row r="1"><c r="A1"/><c r="A2"><v>1</v></c></row>"""), "broken-workbook"),
        (_with_sheet("""<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>"""), "broken-workbook"),
        (_with_sheet("""<row r="1"><c r="A1" r="B1"><v>1</v></c></row>"""), "broken-workbook"),
        (_with_sheet("""<row r="1"><c r="A1" t="s"><v>7</v></c></row>"""), "broken-workbook"),
        (_with_sheet('<row r="1"><c r="XFD1"><v>1</v></c></row>', encoding="utf-16"), "workbook-too-large"),
    ],
    ids=["order", "elsewhere", "attribute", "zeros", "empty", "other row", "twice", "doubled", "no text", "utf-16"],
)
def test_however_a_far_cell_is_written_it_is_seen_before_the_sheet_is_laid_out(content: bytes, code: str) -> None:
    with pytest.raises(InvalidWorkbookError) as refused:
        read(annex1.ENTERPRISE, content)

    assert refused.value.code == code


def test_strict_workbook_is_read_and_what_others_put_beside_cells_is_not() -> None:
    strict = MAIN.replace("schemas.openxmlformats.org", "purl.oclc.org/ooxml").replace("/2006", "")
    relations = RELATIONS.replace("schemas.openxmlformats.org", "purl.oclc.org/ooxml").replace("/2006", "")
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WRITTEN)) as good, zipfile.ZipFile(stream, "w") as other:
        for name in good.namelist():
            text = good.read(name).decode().replace(MAIN, strict).replace(RELATIONS, relations)
            text = text.replace("<v>", '<x:v xmlns:x="urn:other">7</x:v><v>')
            other.writestr(name, text)

    reading = read(annex1.ENTERPRISE, stream.getvalue())

    assert (reading.problems, reading.values) == ([], read(annex1.ENTERPRISE, WRITTEN).values)


def test_control_character_in_a_chapter_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WRITTEN)) as good, zipfile.ZipFile(stream, "w") as other:
        for name in good.namelist():
            other.writestr(name, good.read(name).replace("七、拟实施项目清单：略".encode(), b"a_x0000_b"))

    assert problems(annex1.ENTERPRISE, stream.getvalue()) == {"工作方案!C8": "cell-malformed"}


@pytest.mark.parametrize("before", ["x", "&#32;", "\u00a0"])
def test_text_before_the_root_is_no_way_past_the_reader(before: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WRITTEN)) as good, zipfile.ZipFile(stream, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, before.encode() * ("sheet2" in name) + good.read(name))

    with pytest.raises(InvalidWorkbookError) as refused:
        read(annex1.ENTERPRISE, stream.getvalue())
    assert refused.value.code == "broken-workbook"


def test_a_sheet_with_a_picture_is_read() -> None:
    anchor = b"<xdr:wsDr><xdr:from><xdr:col>0</xdr:col><xdr:row>3</xdr:row></xdr:from></xdr:wsDr>"
    stream = io.BytesIO(WRITTEN)
    with zipfile.ZipFile(stream, "a") as package:
        package.writestr("xl/drawings/drawing1.xml", anchor)

    assert read(annex1.ENTERPRISE, stream.getvalue()).problems == []


def test_percentage_of_what_is_measured_otherwise_is_refused() -> None:
    book = load_workbook(io.BytesIO(write(report.ENTERPRISE, forms.report_of())))
    book["指标"]["G2"] = MEASURE_NAMES["ratio"]
    for place in ("I2", "I3"):
        book["指标"][place].value, book["指标"][place].number_format = 0.45, "0%"
    assert "%" in str(book["指标"]["G3"].value)

    reading = read(report.ENTERPRISE, _bytes_of(book))

    assert [(each.cell, each.found) for each in reading.problems] == [("I2", "45%")]


def test_negative_percentage_is_the_number_that_the_cell_shows() -> None:
    book = load_workbook(io.BytesIO(WRITTEN))
    cell = book[SHEET]["I15"]
    cell.value, cell.number_format = -0.45, "0%;[Red]-0%"

    assert read(annex1.ENTERPRISE, _bytes_of(book)).values["finances"][0]["profit"] == Decimal(-45)


@pytest.mark.parametrize(
    ("value", "format", "text"),
    [
        (12345, "0!.0,", "显示的数与存储的数不同"),
        (12345, "#,##0,", "显示的数与存储的数不同"),
        (12345, ";;;", "隐藏"),
        (0.5, "[h]:mm", "时长"),
        ("=1+1", "General", "公式没有结果"),
        ("=NA()", "General", "公式没有结果"),
        (date(2026, 1, 31), "yyyy-mm-dd", "为数字"),
    ],
)
def test_cell_that_shows_another_number_than_it_stores_is_refused(value: object, format: str, text: str) -> None:
    book = load_workbook(io.BytesIO(WRITTEN))
    cell = book[SHEET]["L8"]
    cell.value, cell.number_format = value, format

    (problem,) = read(annex1.ENTERPRISE, _bytes_of(book)).problems

    assert problem.cell == "L8"
    assert text in problem.text


@pytest.mark.parametrize(
    ("value", "format", "meant"),
    [
        (0.45, "0%", "45"),
        (0.985, "0.00%", "98.5"),
        (12.5, '0.0"万立方米"', "12.5"),
        (1234.5, "#,##0.00", "1234.5"),
        (1234.5, '_ ¥* #,##0.00_ ;_ ¥* -#,##0.00_ ;_ ¥* "-"??_ ;_ @_ ', "1234.5"),
        (1 / 3, "General", "0.3333333333"),
        ("７％", "@", "7"),
    ],
)
def test_number_is_the_one_that_the_cell_shows(value: object, format: str, meant: str) -> None:
    book = load_workbook(io.BytesIO(write(annex1.ENTERPRISE, forms.enterprise(finances=[]))))
    cell = book[SHEET]["L8"]
    cell.value, cell.number_format = value, format

    products = read(annex1.ENTERPRISE, _bytes_of(book)).values["products"]

    assert products[0]["water"] == Decimal(meant)


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    "email", ["a;b@example.com", "a,b@example.com", "a<b@example.com", "a@b@example.com", "张@例.cn"]
)
def test_two_addresses_in_one_cell_are_refused(email: str) -> None:
    reading = read(annex1.ENTERPRISE, write(annex1.ENTERPRISE, forms.enterprise(contact_email=email)))

    assert [each.text for each in reading.problems] == ["“电子邮箱”应为电子邮箱地址，一次只填一个"]


@pytest.mark.rule("C2")
@pytest.mark.parametrize("text", ["甲\u3164", "甲\ue000", "甲\U000e0041", "甲_xFFFE_", "\u3164", "甲\ufdd0"])
def test_chapter_with_what_nobody_sees_is_refused(text: str) -> None:
    (problem,) = read(annex1.ENTERPRISE, write(annex1.ENTERPRISE, forms.enterprise(overview=text))).problems

    assert "应只含看得见的文字" in problem.text


def test_workbook_of_wrong_cells_alone_is_told_its_first_problems_and_the_number_of_the_others() -> None:
    wrong = [forms.finances(2025) | {"assets": "约三亿"} for _ in range(700)]
    content = write(annex1.ENTERPRISE, forms.enterprise(finances=wrong))

    found = first_problems(read(annex1.ENTERPRISE, content).problems)

    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1].code == "too-many-problems"
    assert str(700 - MAX_PROBLEMS) in found[-1].text
