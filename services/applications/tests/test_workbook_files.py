"""Workbooks as other programs and people make them: each is one good form with one thing changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Role

from .api_calls import APPLICATIONS, import_workbook, open_draft, reason_codes

FILES = Path(__file__).parent / "data" / "workbooks"
OF_UNIT = "911501050000700179"
"""The unit of the files."""
SHEET = "基本情况表（企业填写）"


def content_of(name: str) -> bytes:
    return (FILES / f"{name}.xlsx").read_bytes()


@pytest.fixture
def owner(api: ApiHarness[Any]) -> ApiClient:
    return api.client_as(Role.APPLICANT, organisation=OF_UNIT, subject="li")


async def imported(owner: ApiClient, name: str) -> Any:  # noqa: ANN401 - JSON
    answer = await import_workbook(owner, "annex1", content_of(name), prefecture="150100", batch_year=2026)
    assert answer.status_code == 201, answer.text
    return (await owner.get(f"{APPLICATIONS}/{answer.json()['application_id']}")).json()


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    "name",
    [
        "good",
        "no-addresses",
        "empty-row-1048576",
        "empty-styled-row-5001",
        "backslashes",
        "halfwidth-labels",
        "blank-park-table-visible",
        "phone-ext",
        "blanks-zwsp",
        "percent-cells",
    ],
)
async def test_good_file_is_taken_whatever_program_made_it(owner: ApiClient, name: str) -> None:
    good, found = await imported(owner, "good"), await imported(owner, name)

    different = {key for key, value in found["information"].items() if value != good["information"][key]}
    assert different <= {"phone-ext": {"contact_phone"}, "percent-cells": {"finances"}}.get(name, set())
    assert found["plan"] == good["plan"]
    assert (found["unit"]["uscc"], found["unit"]["unit_type"]) == (OF_UNIT, "factory")


@pytest.mark.rule("C2")
async def test_percent_is_the_number_that_the_sheet_shows(owner: ApiClient) -> None:
    found = (await imported(owner, "percent-cells"))["information"]

    product, finances = found["products"][0], found["finances"]
    assert (product["sales_rate"], product["market_share"]) == ("98.5", "2.1")
    assert "45" in {each["debt_ratio"] for each in finances}


@pytest.mark.rule("C2")
async def test_extension_of_a_switchboard_is_part_of_the_number(owner: ApiClient) -> None:
    assert "转8012" in str((await imported(owner, "phone-ext"))["information"])


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("number-odd", "cell-malformed", "千位分隔符每三位一个"),
        ("exponent", "cell-malformed", "整数部分不超过20位"),
        ("error-optional", "cell-malformed", "公式结果为错误 #REF!"),
        ("encrypted", "workbook-encrypted", "有打开密码"),
    ],
)
async def test_bad_file_is_refused_with_what_is_wrong_and_the_remedy(
    owner: ApiClient, name: str, code: str, told: str
) -> None:
    answer = await import_workbook(owner, "annex1", content_of(name), prefecture="150100", batch_year=2026)

    assert (answer.status_code, reason_codes(answer)) == (422, [code])
    assert told in answer.json()["reasons"][0]["text"]
    assert len(answer.content) < 2000


@pytest.mark.rule("Q1")
async def test_document_number_kept_as_a_number_is_refused(owner: ApiClient) -> None:
    unit = {"uscc": OF_UNIT, "name": "内蒙古试验示例材料有限公司", "unit_type": "factory", "prefecture": "150100"}
    key = await open_draft(owner, unit=unit)

    content = content_of("report-document-as-number")
    answer = await import_workbook(owner, "evaluation-report", content, application_id=key)

    assert (answer.status_code, reason_codes(answer)) == (422, ["cell-malformed"])
    assert "应为文本格式" in answer.json()["reasons"][0]["text"]
    assert answer.json()["reasons"][0].get("evidence") is None


def test_every_file_has_its_answer() -> None:
    tested = Path(__file__).read_text()

    assert [each.stem for each in FILES.glob("*.xlsx") if f'"{each.stem}"' not in tested] == []
