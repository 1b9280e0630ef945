"""Names and all texts within a sentence are one line: a line break in one would break mails and printed lists."""

from __future__ import annotations

from typing import Any

import pytest
from applications.workbooks import annex1, report, write
from devkit.api_harness import ApiClient, ApiHarness

from . import builders_forms as forms
from .api_calls import APPLICATIONS, DRAFT, PDF, filled_collections, import_workbook, open_draft, reason_codes
from .builders import ASSESSOR, PARK, STEEL

BROKEN = ["甲\n乙", "甲\r乙", "甲\u2028乙", "甲\x00乙", "甲\ufffe乙", "甲\u200b乙", "甲\u202e乙"]
BLANK = ["", " ", "\u200b", "\u3000", "\u3164"]


def reasons(answer: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - the answer
    return [(each["code"], each["pointer"], each["text"]) for each in answer.json()["reasons"]]


@pytest.mark.rule("A1")
@pytest.mark.parametrize("name", BROKEN)
async def test_a_name_of_several_lines_is_refused_in_a_draft(
    applicant: ApiClient, api: ApiHarness[Any], name: str
) -> None:
    broken = STEEL.model_dump(mode="json") | {"name": name}

    answer = await applicant.post(APPLICATIONS, json=DRAFT | {"unit": broken})

    assert answer.status_code == 422
    assert [each[:2] for each in reasons(answer)] == [("text-refused", "/unit/name")]
    assert f"U+{ord(name[1]):04X}" in reasons(answer)[0][2]
    assert filled_collections(api) == []


@pytest.mark.rule("A1")
@pytest.mark.parametrize("name", BLANK)
async def test_a_unit_without_a_visible_name_is_refused(applicant: ApiClient, api: ApiHarness[Any], name: str) -> None:
    answer = await applicant.post(APPLICATIONS, json=DRAFT | {"unit": STEEL.model_dump(mode="json") | {"name": name}})

    assert (answer.status_code, {each[1] for each in reasons(answer)}) == (422, {"/unit/name"})
    assert filled_collections(api) == []


@pytest.mark.rule("A1")
async def test_wherever_a_draft_names_somebody_it_is_one_line(applicant: ApiClient) -> None:
    key = await open_draft(applicant)
    named = {"way": "assessor", "assessor": ASSESSOR.model_dump(mode="json") | {"name": "甲\n乙"}}
    park = PARK.model_dump(mode="json") | {"uscc": STEEL.uscc, "park_name": "甲\n乙"}
    amended = {"unit_name": "甲\n乙", "level": "region", "batch_year": 2026, "evaluation": {"way": "self"}}
    filed = forms.as_json(forms.report_of(group="甲\n乙", industry_code="31\n30"))

    answers = {
        "/evaluation/name": await applicant.post(APPLICATIONS, json=DRAFT | {"evaluation": named}),
        "/unit/park_name": await applicant.post(APPLICATIONS, json=DRAFT | {"unit": park}),
        "/unit_name": await applicant.put(f"{APPLICATIONS}/{key}", json=amended, headers={"If-Match": "*"}),
        "/industry_code /group": await applicant.put(f"{APPLICATIONS}/{key}/evaluation", json=filed),
    }

    assert {place: " ".join(each[1] for each in reasons(answer)) for place, answer in answers.items()} == {
        place: place for place in answers
    }
    assert all("U+000A" in each[2] for answer in answers.values() for each in reasons(answer))


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    ("what", "content", "cell"),
    [
        ("annex1", write(annex1.ENTERPRISE, forms.enterprise(name="甲\n乙")), "基本情况表（企业填写）!C1"),
        ("evaluation-report", write(report.ENTERPRISE, forms.report_of(group="甲\n乙")), "评价报告!"),
    ],
)
async def test_a_cell_for_one_line_takes_no_second_one(
    applicant: ApiClient, what: str, content: bytes, cell: str
) -> None:
    key = await open_draft(applicant)

    answer = await import_workbook(applicant, what, content, application_id=key)

    assert (answer.status_code, reason_codes(answer)) == (422, ["cell-malformed"])
    assert answer.json()["reasons"][0]["pointer"].startswith(cell)


async def test_what_officers_record_is_one_line(officer: ApiClient) -> None:
    fact = {"uscc": STEEL.uscc, "kind": "fraud", "happened_on": "2025-06-01", "reference": "甲\n乙"}
    units = [STEEL.model_dump(mode="json") | {"name": "甲\n乙"}]
    listing = {"document_number": "1号\n2号", "published_on": "2026-01-20", "units": units}

    answers = [await officer.post("/v1/facts", json=fact), await officer.post("/v1/prefecture-lists", json=listing)]

    assert [[each[1] for each in reasons(answer) if "U+000A" in each[2]] for answer in answers] == [
        ["/reference"],
        ["/document_number", "/units/0/name"],
    ]


@pytest.mark.rule("A3")
@pytest.mark.parametrize("name", ["执\u2028照.pdf", "照" * 197 + ".pdf"])
async def test_the_name_of_a_file_is_one_line_of_at_most_200_characters(applicant: ApiClient, name: str) -> None:
    answer = await applicant.post("/v1/files", files={"file": (name, PDF)})

    assert (answer.status_code, reason_codes(answer)) == (422, ["name-malformed"])
