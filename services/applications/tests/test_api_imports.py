"""Workbooks over HTTP: into a draft when every cell is right, and nowhere when one is wrong."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
from applications.api import forms as api_forms
from applications.api.imports import BUSY
from applications.workbooks import Form, annex1, read, report, write
from chassis.spreadsheets import MAX_PROBLEMS, WorkbookLimits, WorkbookReader
from devkit.api_harness import ApiClient, ApiHarness
from devkit.workbooks import open_workbook
from messages.values import Role
from openpyxl import load_workbook

from . import builders_forms as forms
from .api_calls import (
    APPLICATIONS,
    XLSX,
    filled_collections,
    import_workbook,
    open_draft,
    open_draft_with_report,
    reason_codes,
)
from .builders import PARK, STEEL


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    ("form", "values", "unit_type"),
    [(annex1.ENTERPRISE, forms.enterprise(), "factory"), (annex1.PARK, forms.park(), "park")],
)
async def test_annex_1_makes_a_draft(api: ApiHarness[Any], form: Form, values: dict[str, Any], unit_type: str) -> None:
    caller = api.client_as(Role.APPLICANT, organisation=PARK.uscc if unit_type == "park" else STEEL.uscc)

    answer = await import_workbook(caller, "annex1", write(form, values), prefecture="150600", batch_year=2026)

    assert answer.status_code == 201, answer.text
    found = (await caller.get(f"{APPLICATIONS}/{answer.json()['application_id']}")).json()
    assert (found["state"], found["unit"]["unit_type"]) == ("draft", unit_type)
    assert found["unit"]["park_name"] == (PARK.name if unit_type == "park" else None)
    assert found["information"]["contact_email"] == "zhang@example.com"
    assert found["plan"]["projects"] == "七、拟实施项目清单：略"


@pytest.mark.rule("C2")
async def test_annex_1_goes_into_a_draft_that_is_there(applicant: ApiClient) -> None:
    key = await open_draft(applicant)

    answer = await import_workbook(
        applicant, "annex1", write(annex1.ENTERPRISE, forms.enterprise()), application_id=key
    )

    assert (answer.status_code, answer.json()["application_id"]) == (200, key)
    found = (await applicant.get(f"{APPLICATIONS}/{key}")).json()
    assert [each["year"] for each in found["information"]["finances"]] == [2023, 2024, 2025]


async def test_a_dry_run_tells_the_same_and_keeps_nothing(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    good = write(annex1.ENTERPRISE, forms.enterprise())
    bad = write(annex1.ENTERPRISE, forms.enterprise(uscc="911501000000000192"))
    into = {"prefecture": "150600", "batch_year": 2026, "dry_run": True}

    fine, wrong = (
        await import_workbook(applicant, "annex1", good, key="", **into),
        await import_workbook(applicant, "annex1", bad, key="", **into),
    )

    assert (fine.status_code, "Location" in fine.headers) == (200, False)
    assert (fine.json()["dry_run"], fine.json()["application_id"]) == (True, None)
    assert (wrong.status_code, reason_codes(wrong)) == (422, ["cell-malformed"])
    assert filled_collections(api) == []


def enterprise(**changes: Any) -> bytes:  # noqa: ANN401 - cells by name
    return write(annex1.ENTERPRISE, forms.enterprise(**changes))


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (write(report.PARK), ["sheet-missing"] * 3),
        (
            write(annex1.ENTERPRISE, forms.enterprise(finances=[forms.finances(2025) | {"assets": "约三亿"}])),
            ["cell-malformed"],
        ),
        (write(annex1.ENTERPRISE, forms.enterprise(uscc="911501000000000192")), ["cell-malformed"]),
        (write(annex1.ENTERPRISE, forms.enterprise(finances=[forms.finances(2025)])), ["years-wrong"]),
        (write(annex1.ENTERPRISE, forms.enterprise(unit_type="park")), ["form-differs"]),
        (write(annex1.ENTERPRISE)[:4000], ["broken-workbook"]),
        (b"PK\x03\x04 no zip", ["broken-workbook"]),
        (b"%PDF-1.7", ["not-a-workbook"]),
    ],
    ids=["wrong sheets", "text for numbers", "check digit", "years", "wrong form", "cut off", "broken zip", "a pdf"],
)
async def test_a_bad_workbook_is_told_what_is_wrong_and_changes_nothing(
    applicant: ApiClient, api: ApiHarness[Any], content: bytes, expected: list[str]
) -> None:
    answer = await import_workbook(applicant, "annex1", content, prefecture="150600", batch_year=2026)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert reason_codes(answer) == expected
    assert filled_collections(api) == []
    assert api.events == []


async def test_the_problems_of_one_answer_have_a_bound(applicant: ApiClient) -> None:
    content = enterprise(finances=[forms.finances(2025) | {"assets": "约三亿"} for _ in range(700)])

    answer = await import_workbook(applicant, "annex1", content, prefecture="150600", batch_year=2026)

    assert answer.status_code == 422
    assert (len(answer.json()["reasons"]), reason_codes(answer)[-1]) == (MAX_PROBLEMS + 1, "too-many-problems")


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("annex1", enterprise(uscc="911501000000000192")),
        ("annex1", enterprise(finances=[forms.finances(2025)])),
        ("evaluation-report", write(report.ENTERPRISE, forms.report_of(energy_actual="约三百"))),
        ("evaluation-report", write(report.ENTERPRISE, forms.report_of(representative_document="123"))),
        ("evaluation-report", write(report.PARK, forms.report_of(PARK))),
    ],
    ids=["a cell of Annex 1", "years of Annex 1", "a cell of the report", "a person of the report", "another unit"],
)
async def test_a_bad_workbook_leaves_the_draft_that_it_was_for_as_it_was(
    applicant: ApiClient, what: str, content: bytes
) -> None:
    key = await open_draft_with_report(applicant)
    before = await applicant.get(f"{APPLICATIONS}/{key}")

    answer = await import_workbook(applicant, what, content, application_id=key)

    after = await applicant.get(f"{APPLICATIONS}/{key}")
    assert answer.status_code == 422
    assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])
    assert before.json()["report"] is not None


@pytest.mark.rule("C2")
async def test_a_bad_cell_is_named_by_sheet_and_address(applicant: ApiClient) -> None:
    content = write(annex1.ENTERPRISE, forms.enterprise(uscc="911501000000000192"))

    answer = await import_workbook(applicant, "annex1", content, prefecture="150600")

    reason = answer.json()["reasons"][0]
    assert reason["pointer"] == "基本情况表（企业填写）!G3"
    assert "校验位" in reason["text"]
    assert reason["article"] == "第九条、附件1"


async def test_a_report_for_another_unit_is_refused(applicant: ApiClient) -> None:
    key = await open_draft(applicant)

    answer = await import_workbook(
        applicant, "evaluation-report", write(report.PARK, forms.report_of(PARK)), application_id=key
    )

    assert answer.status_code == 422
    assert reason_codes(answer) == ["uscc-differs", "unit-type-differs", "park-name-differs"]


@pytest.mark.parametrize("number", ["123", "一二三四五六"])
async def test_a_document_number_that_cannot_be_one_is_refused_without_being_repeated(
    applicant: ApiClient, number: str
) -> None:
    key = await open_draft(applicant)

    answer = await import_workbook(
        applicant,
        "evaluation-report",
        write(report.ENTERPRISE, forms.report_of(representative_document=number)),
        application_id=key,
    )

    assert reason_codes(answer) == ["document-number-invalid"]
    assert number not in str(answer.json()["reasons"])


async def test_a_form_without_a_file_is_refused(applicant: ApiClient) -> None:
    missing = await applicant.post("/v1/imports/annex1", files={"other": ("a.xlsx", b"x")})
    other = await applicant.post("/v1/imports/annex1", json={})

    assert (missing.status_code, reason_codes(missing)) == (422, ["file-missing"])
    assert (other.status_code, other.json()["code"]) == (415, "media-type-unsupported")


@pytest.mark.parametrize(
    ("name", "params", "form"),
    [
        ("annex1-enterprise", {}, annex1.ENTERPRISE),
        ("annex1-park", {}, annex1.PARK),
        ("evaluation-report", {}, report.ENTERPRISE),
        ("evaluation-report", {"unit_type": "park"}, report.PARK),
    ],
)
async def test_anybody_downloads_an_empty_form(
    api: ApiHarness[Any], name: str, params: dict[str, str], form: Form
) -> None:
    answer = await api.anonymous().get(f"/v1/forms/{name}.xlsx", params=params)

    assert answer.headers["content-type"] == XLSX
    assert {each.code for each in read(form, open_workbook(answer.content)).problems} <= {
        "cell-empty",
        "rows-missing",
        "cell-malformed",
    }


async def test_an_unknown_form_is_not_found(api: ApiHarness[Any]) -> None:
    assert (await api.anonymous().get("/v1/forms/annex9.xlsx")).status_code == 404


async def test_a_form_is_written_once_however_many_ask_for_it(
    api: ApiHarness[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Form] = []
    monkeypatch.setattr(api_forms, "write", lambda form, *values: written.append(form) or write(form, *values))
    api_forms._written.cache_clear()

    for params in ({}, {"on": "2026-02-01"}, {"unit_type": "park"}):
        for _ in range(3):
            await api.anonymous().get("/v1/forms/evaluation-report.xlsx", params=params)

    assert len(written) == 2


@pytest.mark.rule("A2")
@pytest.mark.parametrize("day", ["2017-06-01", "0001-01-01"])
async def test_form_of_a_day_without_a_scheme_is_refused(api: ApiHarness[Any], day: str) -> None:
    answer = await api.anonymous().get("/v1/forms/evaluation-report.xlsx", params={"on": day})

    assert answer.status_code == 422
    assert answer.json()["reasons"]


@pytest.mark.parametrize("name", ["annex1-enterprise", "annex1-park", "evaluation-report"])
async def test_cells_for_codes_are_formatted_as_text(api: ApiHarness[Any], name: str) -> None:
    answer = await api.anonymous().get(f"/v1/forms/{name}.xlsx")

    for page in load_workbook(io.BytesIO(answer.content)).worksheets:
        for row in page.iter_rows():
            for label, cell in zip(row, row[2:], strict=False):
                if any(word in str(label.value) for word in ("代码", "证件号码", "电话")):
                    assert cell.number_format == "@", f"{page.title}!{cell.coordinate}"


@pytest.mark.rule("A6")
@pytest.mark.parametrize("what", ["annex1", "evaluation-report"])
@pytest.mark.parametrize("further", [{"dry_run": True}, {}], ids=["dry run", "import"])
async def test_import_over_a_version_that_the_caller_has_not_read_is_refused(
    applicant: ApiClient, what: str, further: dict[str, bool]
) -> None:
    key = await open_draft(applicant)
    stale = (await applicant.get(f"{APPLICATIONS}/{key}")).headers["ETag"]
    content = {"annex1": enterprise(), "evaluation-report": write(report.ENTERPRISE, forms.report_of())}[what]
    assert (await import_workbook(applicant, "annex1", enterprise(), application_id=key)).status_code == 200
    before = await applicant.get(f"{APPLICATIONS}/{key}")

    files = {"file": ("表.xlsx", content, XLSX)}
    params = {"application_id": key, **further}
    path = f"/v1/imports/{what}"
    refused = await applicant.post(path, files=files, params=params, headers={"If-Match": stale})
    after = await applicant.get(f"{APPLICATIONS}/{key}")
    taken = await applicant.post(path, files=files, params=params, headers={"If-Match": after.headers["ETag"]})

    assert (refused.status_code, reason_codes(refused)) == (412, ["version-stale"])
    assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])
    assert taken.status_code == 200


async def test_more_workbooks_at_once_than_are_read_are_told_to_come_again(
    api: ApiHarness[Any], applicant: ApiClient
) -> None:
    api.app.state.workbooks = WorkbookReader(WorkbookLimits(at_once=1), busy=BUSY)

    answers = await asyncio.gather(
        *(import_workbook(applicant, "annex1", enterprise(), prefecture="150600", dry_run=True) for _ in range(4))
    )

    refused = [each for each in answers if each.status_code == 503]
    assert len(refused) == 3
    assert {(each.headers["Retry-After"], each.json()["code"]) for each in refused} == {("2", "workbooks-busy")}
    assert {each.headers["content-type"] for each in refused} == {"application/problem+json"}
