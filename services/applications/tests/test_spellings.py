"""One thing is one, however written, and a slip has a way back: parks, codes, days, versions, moves."""

from __future__ import annotations

from typing import Any

import pytest
from applications.workbooks import annex1, report, write
from devkit.api_harness import ApiClient, ApiHarness
from messages.applications import CodeRecorded, UnitMoved
from messages.values import Prefecture, Role

from . import builders_forms as forms
from .api_calls import APPLICATIONS, DRAFT, import_workbook, open_draft, open_draft_with_report, reason_codes
from .builders import PARK, STEEL
from .harness import ApplicationsHarness

FAILING = "911501000000000192"
"""Looks like a code; its check character fails."""
OTHER = "911502000000000271"
CODE = {"uscc": FAILING, "document_number": "内市监函[2026]第3号"}


@pytest.fixture
def regional_officer(api: ApiHarness[Any]) -> ApiClient:
    return api.client_as(Role.REGIONAL_OFFICER, subject="region-1")


@pytest.mark.rule("E13")
@pytest.mark.parametrize(
    "spelling", ["示例•河套工业园区(一期)", "示例・河套 工业园区〔一期〕", "示例·河\u180b套工业园区（一期）"]
)
async def test_a_park_written_with_another_dot_or_bracket_has_one_open_application(spelling: str) -> None:
    """Two titles came of U+00B7 and U+2022 in one park's name."""
    first = PARK.model_copy(update={"park_name": "示例·河套工业园区（一期）"})
    handlers = await ApplicationsHarness().prepare(first)
    accepted = await handlers.submit(await handlers.draft(first))
    second = await handlers.draft(first.model_copy(update={"park_name": spelling}), "app-2026-2")

    refused = (await handlers.submit(second)).refusal

    assert accepted.refusal is None
    assert ("E13", "open-application") in [(each.rule, each.code) for each in refused.reasons]


async def test_a_token_names_its_organisation_in_any_spelling(api: ApiHarness[Any]) -> None:
    spelled = api.client_as(Role.APPLICANT, organisation=f" {STEEL.uscc.lower()} ", subject="li")

    assert (await spelled.post(APPLICATIONS, json=DRAFT)).status_code == 201


async def test_a_unit_is_looked_up_in_any_spelling(applicant: ApiClient, officer: ApiClient) -> None:
    key = await open_draft_with_report(applicant)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert (await officer.get(f"/v1/units/{STEEL.uscc.lower()}")).json()["uscc"] == STEEL.uscc
    assert len((await officer.get(APPLICATIONS, params={"uscc": STEEL.uscc.lower()})).json()["items"]) == 1


@pytest.mark.rule("A1")
async def test_a_code_that_fails_its_check_is_entered_once_the_region_has_recorded_it(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    applicant = api.client_as(Role.APPLICANT, organisation=FAILING, subject="li")
    draft = DRAFT | {"unit": STEEL.model_dump(mode="json") | {"uscc": FAILING}}

    refused = await applicant.post(APPLICATIONS, json=draft)
    recorded = await regional_officer.post("/v1/codes", json=CODE | {"uscc": FAILING.lower()})
    again = await regional_officer.post("/v1/codes", json=CODE)
    taken = await applicant.post(APPLICATIONS, json=draft)

    assert (refused.status_code, reason_codes(refused)) == (422, ["uscc-invalid"])
    assert refused.json()["reasons"][0]["pointer"] == "/unit/uscc"
    assert "自治区工业和信息化厅" in refused.json()["reasons"][0]["text"]
    assert recorded.json() == {
        "uscc": FAILING,
        "document_number": "内市监函〔2026〕3号",
        "recorded_on": "2026-04-20",
    }
    assert (again.status_code, reason_codes(again)) == (409, ["code-recorded-already"])
    assert taken.status_code == 201
    assert (await api.anonymous().get("/v1/codes")).json()["items"] == [recorded.json()]
    assert [type(each) for each in api.events] == [CodeRecorded]


@pytest.mark.rule("C2")
async def test_a_workbook_holds_a_code_that_fails_its_check_once_the_region_has_recorded_it(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    applicant = api.client_as(Role.APPLICANT, organisation=FAILING, subject="li")
    content = write(annex1.ENTERPRISE, forms.enterprise(uscc=FAILING))
    filled = write(report.ENTERPRISE, forms.report_of(uscc=FAILING, way="assessor", assessor_uscc=FAILING))

    refused = await import_workbook(applicant, "annex1", content, prefecture="150600", batch_year=2026)
    await regional_officer.post("/v1/codes", json=CODE)
    taken = await import_workbook(applicant, "annex1", content, prefecture="150600", batch_year=2026)
    key = taken.json()["application_id"]
    filed = await import_workbook(applicant, "evaluation-report", filled, application_id=key)

    assert (refused.status_code, reason_codes(refused)) == (422, ["cell-malformed"])
    assert "自治区工业和信息化厅" in refused.json()["reasons"][0]["text"]
    assert (taken.status_code, taken.json()["unit"]["uscc"]) == (201, FAILING)
    assert filed.status_code == 200, filed.text


@pytest.mark.parametrize("code", ["N2150105MF0001234B", STEEL.uscc.lower(), f"{STEEL.uscc[:9]}-{STEEL.uscc[9:]}"])
async def test_a_workbook_holds_any_code_that_a_body_holds(api: ApiHarness[Any], code: str) -> None:
    applicant = api.client_as(Role.APPLICANT, organisation=code, subject="li")
    content = write(annex1.ENTERPRISE, forms.enterprise(uscc=code))

    answer = await import_workbook(applicant, "annex1", content, prefecture="150600", batch_year=2026)

    assert answer.status_code == 201, answer.text
    assert answer.json()["unit"]["uscc"] == code.replace("-", "").upper()


async def test_a_good_code_needs_no_record_and_what_is_no_code_gets_none(regional_officer: ApiClient) -> None:
    needless = await regional_officer.post("/v1/codes", json=CODE | {"uscc": STEEL.uscc})
    no_code = await regional_officer.post("/v1/codes", json=CODE | {"uscc": "内蒙古"})

    assert (needless.status_code, reason_codes(needless)) == (409, ["code-needs-no-record"])
    assert (no_code.status_code, reason_codes(no_code)) == (422, ["uscc-invalid"])


@pytest.mark.parametrize("body", ["facts", "list", "evaluation", "report", "filed report"])
async def test_no_entry_takes_a_code_that_fails_its_check(applicant: ApiClient, officer: ApiClient, body: str) -> None:
    if body == "facts":
        fact = {"uscc": FAILING, "kind": "fraud", "happened_on": "2025-06-01", "reference": "甲"}
        answer = await officer.post("/v1/facts", json=fact)
    elif body == "list":
        units = [STEEL.model_dump(mode="json") | {"uscc": FAILING}]
        listing = {"document_number": "1号", "published_on": "2026-01-20", "units": units}
        answer = await officer.post("/v1/prefecture-lists", json=listing)
    elif body == "evaluation":
        named = {"way": "assessor", "assessor": {"uscc": FAILING, "name": "甲"}}
        answer = await applicant.post(APPLICATIONS, json=DRAFT | {"evaluation": named})
    else:
        named = forms.as_json(forms.report_of(way="assessor", assessor_uscc=FAILING, assessor_name="甲"))
        answer = (
            await applicant.post(APPLICATIONS, json=DRAFT | {"report": named})
            if body == "report"
            else await applicant.put(f"{APPLICATIONS}/{await open_draft(applicant)}/evaluation", json=named)
        )

    assert (answer.status_code, reason_codes(answer)) == (422, ["uscc-invalid"])


@pytest.mark.rule("T1")
@pytest.mark.parametrize("day", ["1066-10-14", "2062-03-12"])
async def test_a_day_far_off_is_a_slip(officer: ApiClient, day: str) -> None:
    fact = {"uscc": STEEL.uscc, "kind": "abnormal_operations", "happened_on": "2025-06-01", "reference": "甲"}

    answers = [
        await officer.post("/v1/facts", json=fact | {"happened_on": day}),
        await officer.post("/v1/facts", json=fact | {"ended_on": day}),
    ]

    assert [(each.status_code, reason_codes(each)) for each in answers] == [(422, ["day-out-of-bounds"])] * 2


@pytest.mark.rule("T1")
async def test_a_certificate_valid_for_ever_is_a_slip(applicant: ApiClient) -> None:
    key = await open_draft(applicant)
    filed = forms.as_json(forms.report_of())
    filed["certificates"][0]["valid_until"] = "2999-12-31"

    answer = await applicant.put(f"{APPLICATIONS}/{key}/evaluation", json=filed)

    assert (answer.status_code, reason_codes(answer)) == (422, ["day-out-of-bounds"])
    assert answer.json()["reasons"][0]["pointer"] == "/report/certificates/0/valid_until"


@pytest.mark.rule("V1")
async def test_a_move_is_published_with_both_prefectures(
    api: ApiHarness[Any], applicant: ApiClient, regional_officer: ApiClient
) -> None:
    key = await open_draft_with_report(applicant)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    move = {"prefecture": Prefecture.HOHHOT, "document_number": "内工信函（2026） 7号"}
    await regional_officer.post(f"/v1/units/{STEEL.uscc.lower()}/moves", json=move)

    (moved,) = [each for each in api.events if isinstance(each, UnitMoved)]
    assert (moved.uscc, moved.prefectures) == (STEEL.uscc, (STEEL.prefecture, Prefecture.HOHHOT))
    assert moved.document_number == "内工信函〔2026〕7号"


@pytest.mark.rule("E13")
async def test_an_officer_is_shown_units_that_look_the_same_and_nobody_is_refused(
    api: ApiHarness[Any], applicant: ApiClient, officer: ApiClient
) -> None:
    """The second name has a Cyrillic letter."""
    other = api.client_as(Role.APPLICANT, organisation=OTHER, subject="wu")
    one = await submitted(applicant, STEEL.model_dump(mode="json") | {"name": "示例A公司"})
    two = await submitted(other, STEEL.model_dump(mode="json") | {"name": "示例А公司", "uscc": OTHER})

    shown = (await officer.get(f"{APPLICATIONS}/{two}")).json()["possibly_same"]

    assert [(each["application_id"], each["unit"]["name"]) for each in shown] == [(one, "示例A公司")]
    assert (await other.get(f"{APPLICATIONS}/{two}")).json()["possibly_same"] == []


async def submitted(caller: ApiClient, unit: dict[str, Any]) -> str:
    key = await open_draft(caller, unit=unit)
    assert (await caller.post(f"{APPLICATIONS}/{key}/submit")).status_code == 409  # for want of a report; on record
    return key
