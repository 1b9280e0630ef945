from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from assessor_quota.api.sheets import ASSESSORS, STAFF, AssessorRow, StaffRow
from assessor_quota.handlers.bulk import ROWS_MAX
from chassis.spreadsheets import MAX_PROBLEMS, Column, Heading, SheetData, as_xlsx
from devkit.api_harness import ApiClient, ApiHarness
from httpx2 import Response
from messages.assessor_quota import AssessorRegistered
from messages.values import Prefecture, Role
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from stdnum.cn import uscc as gb32100

from .api_calls import OTHER_NUMBER, registration
from .builders import NORTH, NUMBER, OTHER, SOUTH, STEEL, THIRD, WANG, succeeding
from .harness import deliver_to_api

PATH = "/v1/assessors/imports"
SCOPE = "绿色工厂、绿色园区"
Cells = Sequence[str | date | None]

NORTHERN: Cells = (NORTH, "北方评价机构", "王某", NUMBER, SCOPE)
SOUTHERN: Cells = (SOUTH, "南方评价机构", "王某", NUMBER, "绿色工厂")
NORTHERN_STAFF: Cells = (NORTH, "Z1", "赵某", "注册环保工程师", date(2024, 1, 1), None)
SOUTHERN_STAFF: Cells = (SOUTH, None, "钱某", "高级工程师", date(2024, 1, 1), date(2026, 3, 31))


def headings(row: type[AssessorRow | StaffRow]) -> list[Heading]:
    return [
        Heading(each.heading)
        for info in row.model_fields.values()
        for each in info.metadata
        if isinstance(each, Column)
    ]


def workbook(assessors: Sequence[Cells] = (NORTHERN, SOUTHERN), staff: Sequence[Cells] | None = None) -> bytes:
    staff = (NORTHERN_STAFF, SOUTHERN_STAFF) if staff is None else staff
    return as_xlsx(
        SheetData(ASSESSORS.title, headings(AssessorRow), assessors),
        SheetData(STAFF.title, headings(StaffRow), staff),
    )


async def send(caller: ApiClient, content: bytes, *, key: str | None = None, dry_run: bool = False) -> Response:
    path = f"{PATH}?dry_run=true" if dry_run else PATH
    files = {"file": ("名册.xlsx", content)}
    return await caller.post(path, files=files) if key is None else await caller.post(path, files=files, key=key)


def wrong(answer: Response) -> list[tuple[str, str]]:
    assert (answer.status_code, answer.json()["code"]) == (422, "import-refused")
    assert {each["rule"] for each in answer.json()["reasons"]} == {"S7"}
    return [(each["pointer"], each["code"]) for each in answer.json()["reasons"]]


@pytest.mark.rule("S7")
async def test_an_existing_register_is_taken_over_with_everything_in_it(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    answer = await send(regional_officer, workbook())
    assert (answer.status_code, answer.json()["assessors"], answer.json()["staff"]) == (201, 2, 2)
    assert [each["representative"] for each in answer.json()["entered"]] == [WANG.model_dump()] * 2
    assert [each.assessor_uscc for each in api.events if isinstance(each, AssessorRegistered)] == [NORTH, SOUTH]
    north = (await regional_officer.get(f"/v1/assessors/{NORTH}")).json()
    assert (north["name"], north["scope"]) == ("北方评价机构", ["factory", "park"])
    assert north["staff"] == [
        {"staff_id": "Z1", "name": "赵某", "qualification": "注册环保工程师", "from": "2024-01-01", "until": None}
    ]
    south = (await regional_officer.get(f"/v1/assessors/{SOUTH}")).json()
    assert (south["staff"][0]["staff_id"], south["staff"][0]["until"]) == ("S1", "2026-03-31")


@pytest.mark.rule("S7")
async def test_an_imported_entry_is_the_same_as_one_entered_singly(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    single = registration(
        name="北方评价机构",
        staff=[{"staff_id": "Z1", "name": "赵某", "qualification": "注册环保工程师", "from": "2024-01-01"}],
    )
    await regional_officer.post("/v1/assessors", json=single)
    entered = dict(api.memory.collections["assessors"][NORTH])
    api.memory.collections = {}
    await send(regional_officer, workbook([NORTHERN], [NORTHERN_STAFF]))
    assert api.memory.collections["assessors"][NORTH] == entered


@pytest.mark.rule("S7")
async def test_a_dry_run_answers_the_same_and_enters_nothing(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    tried = await send(regional_officer, workbook(), dry_run=True, key="")
    assert (tried.status_code, api.events, api.memory.collections.get("assessors")) == (200, [], None)
    entered = await send(regional_officer, workbook())
    assert tried.json() == {**entered.json(), "dry_run": True}


@pytest.mark.rule("A4")
async def test_the_same_file_sent_twice_is_entered_once(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    first = await send(regional_officer, workbook(), key="k-1")
    assert (await send(regional_officer, workbook(), key="k-1")).json() == first.json()
    assert len(api.events) == 2
    other = await send(regional_officer, workbook([NORTHERN], [NORTHERN_STAFF]), key="k-1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    anew = await send(regional_officer, workbook())
    assert wrong(anew) == [(f"第三方服务机构!A{row}", "assessor-already-registered") for row in (2, 3)]
    assert len(api.events) == 2


@pytest.mark.rule("S7")
async def test_every_cell_that_is_wrong_is_named_and_no_row_is_entered(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    broken = workbook(
        [
            NORTHERN,
            ("911501000000000192", "校验位不符", "王某", NUMBER, SCOPE),
            (OTHER, None, "李某", "王某的身份证", "绿色轮船"),
            (STEEL, "号码不对", "李某", "？？", SCOPE),
            (NORTH, "又是北方", "王某", NUMBER, SCOPE),
        ],
        [NORTHERN_STAFF, (NORTH, "Z1", "孙某", "高级工程师", "去年", None)],
    )
    assert wrong(await send(regional_officer, broken)) == [
        ("第三方服务机构!A3", "cell-malformed"),
        ("第三方服务机构!B4", "cell-empty"),
        ("第三方服务机构!E4", "cell-malformed"),
        ("第三方服务机构!A6", "row-repeated"),
        ("第三方服务机构!D5", "document-number-invalid"),
        ("专业人员!E3", "cell-malformed"),
    ]
    assert (api.events, api.memory.collections.get("assessors")) == ([], None)


@pytest.mark.rule("S7")
async def test_what_single_registration_refuses_is_refused_in_its_cell(regional_officer: ApiClient) -> None:
    await regional_officer.post("/v1/assessors", json=registration(SOUTH))
    staff: list[Cells] = [
        (NORTH, "Z1", "赵某", "工程师", date(2024, 1, 1), date(2023, 1, 1)),
        (NORTH, "Z1", "孙某", "工程师", date(2024, 1, 1), None),
        SOUTHERN_STAFF,
    ]
    third: Cells = (THIRD, "第三机构", "李某", OTHER_NUMBER, SCOPE)
    assert wrong(await send(regional_officer, workbook([NORTHERN, SOUTHERN, third], staff))) == [
        ("专业人员!F2", "period-reversed"),
        ("专业人员!B3", "staff-id-repeated"),
        ("第三方服务机构!A3", "assessor-already-registered"),
        ("第三方服务机构!A4", "staff-missing"),
    ]


@pytest.mark.rule("S7")
async def test_staff_of_an_assessor_that_the_file_does_not_list_is_refused(regional_officer: ApiClient) -> None:
    answer = await send(regional_officer, workbook([NORTHERN], [NORTHERN_STAFF, SOUTHERN_STAFF]))
    assert wrong(answer) == [("专业人员!A3", "assessor-not-listed")]


@pytest.mark.rule("S7")
async def test_no_document_number_is_in_anything_that_is_kept_said_logged_or_answered(
    api: ApiHarness[Any],
    regional_officer: ApiClient,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    mistyped = (OTHER, "号码不对", "李某", f"{OTHER_NUMBER}（身份证）", SCOPE)
    answers = [
        await send(regional_officer, workbook([NORTHERN, mistyped], [NORTHERN_STAFF])),
        await send(regional_officer, workbook(), dry_run=True),
        await send(regional_officer, workbook()),
        await regional_officer.get("/v1/assessors/export?format=csv"),
    ]
    assert [each.status_code for each in answers] == [422, 200, 201, 200]
    told = "".join(each.text for each in answers) + caplog.text + "".join(capfd.readouterr())
    kept = repr(api.memory.collections) + repr(api.memory.outbox) + repr(api.events)
    for number in (NUMBER, OTHER_NUMBER):
        assert number[6:14] not in kept + told


@pytest.mark.rule("S7")
async def test_more_assessors_than_one_transaction_should_hold_are_refused_with_the_limit(
    regional_officer: ApiClient,
) -> None:
    rows = [(code(each), "评价机构", "王某", NUMBER, SCOPE) for each in range(ROWS_MAX + 1)]
    answer = await send(regional_officer, workbook(rows, [NORTHERN_STAFF]))
    assert wrong(answer) == [("第三方服务机构", "too-many-rows")]
    assert str(ROWS_MAX) in answer.json()["reasons"][0]["text"]


def code(number: int) -> str:
    body = f"91150700{number:09d}"
    return body + gb32100.calc_check_digit(body)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"uscc,name\n", "not-a-workbook"),
        (as_xlsx(SheetData("别的表", [Heading("甲")], [(1,)])), "sheet-missing"),
        (b"PK\x03\x04 broken", "broken-workbook"),
    ],
    ids=["csv", "another form", "broken"],
)
async def test_what_is_no_register_is_refused_before_anything_is_read(
    regional_officer: ApiClient, content: bytes, problem: str
) -> None:
    assert {each for _, each in wrong(await send(regional_officer, content))} == {problem}


async def test_a_file_over_the_limit_is_refused_while_it_comes_in(regional_officer: ApiClient) -> None:
    answer = await send(regional_officer, bytes(4 * 1024 * 1024))
    assert answer.status_code == 413


@pytest.mark.rule("S7")
async def test_the_template_is_what_the_import_reads(regional_officer: ApiClient) -> None:
    empty = await regional_officer.get("/v1/assessors/imports/template")
    book = load_workbook(io.BytesIO(empty.content))
    fill(book[ASSESSORS.title], 4, NORTHERN)
    fill(book[STAFF.title], 2, NORTHERN_STAFF)
    filled = io.BytesIO()
    book.save(filled)
    assert (await send(regional_officer, filled.getvalue())).json()["assessors"] == 1


def fill(sheet: Worksheet, row: int, cells: Cells) -> None:
    for column, value in enumerate(cells, start=1):
        sheet.cell(row, column, value)


def sheets(answer: Response) -> Mapping[str, list[tuple[object, ...]]]:
    book = load_workbook(io.BytesIO(answer.content))
    return {each.title: list(each.iter_rows(min_row=2, values_only=True)) for each in book.worksheets}


@pytest.mark.rule("S7")
async def test_the_register_is_exported_with_its_staff_and_the_numbers_masked(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await regional_officer.post(f"/v1/assessors/{OTHER}/deregistration", json={"document_number": "终一号"})
    found = sheets(await regional_officer.get("/v1/assessors/export"))
    rows = found[ASSESSORS.title]
    assert [(row[0], row[3], row[5]) for row in rows][:2] == [(NORTH, None, WANG.masked), (SOUTH, None, WANG.masked)]
    assert [str(row[7])[:10] for row in rows] == ["None", "None", "2026-04-20"]
    assert len(found[STAFF.title]) == 3
    assert api_with_assessors.events


@pytest.mark.rule("S7")
async def test_an_exported_workbook_is_taken_back_once_the_numbers_are_filled_in(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    exported = await regional_officer.get("/v1/assessors/export")
    assert {code for _, code in wrong(await send(regional_officer, exported.content))} == {"cell-empty"}
    book = load_workbook(io.BytesIO(exported.content))
    for row, number in ((2, NUMBER), (3, NUMBER), (4, OTHER_NUMBER)):
        book[ASSESSORS.title].cell(row, 4, number)
    filled = io.BytesIO()
    book.save(filled)
    api_with_assessors.memory.collections = {}
    assert (await send(regional_officer, filled.getvalue())).json()["assessors"] == 3


@pytest.mark.rule("P2")
async def test_each_exports_the_entries_it_may_read_and_that_is_recorded(api_with_assessors: ApiHarness[Any]) -> None:
    await deliver_to_api(api_with_assessors, succeeding("app-1", SOUTH, Prefecture.WUHAI))
    path = "/v1/assessors/export"
    seen = {
        who: [row[0] for row in sheets(await caller.get(path))[ASSESSORS.title]]
        for who, caller in {
            "north": api_with_assessors.client_as(Role.ASSESSOR, organisation=NORTH),
            "wuhai": api_with_assessors.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.WUHAI),
            "chifeng": api_with_assessors.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.CHIFENG),
        }.items()
    }
    assert seen == {"north": [NORTH], "wuhai": [SOUTH], "chifeng": []}
    assert len(api_with_assessors.memory.collections["audit_reads"]) == 3


@pytest.mark.rule("P1")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLIC])
async def test_only_the_region_takes_over_a_register(api: ApiHarness[Any], role: Role) -> None:
    refused = role is not Role.REGIONAL_OFFICER
    caller = api.client_as(role, organisation=NORTH if refused else None, prefecture=Prefecture.CHIFENG)
    assert ((await send(caller, workbook(), dry_run=True)).status_code == 403) is refused
    assert ((await caller.get(f"{PATH}/template")).status_code == 403) is refused


async def test_the_problems_of_one_answer_have_a_bound(regional_officer: ApiClient) -> None:
    rows = [("没有代码", "北方评价机构", "王某", NUMBER, SCOPE)] * 700

    found = wrong(await send(regional_officer, workbook(rows)))

    assert (len(found), found[-1][1]) == (MAX_PROBLEMS + 1, "too-many-problems")
