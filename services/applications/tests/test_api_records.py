"""Records of officers and agencies over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from applications.domain.facts import REGION
from devkit.api_harness import ApiClient, ApiHarness
from messages.applications import EligibilityLost
from messages.values import Prefecture, Role

from .api_calls import APPLICATIONS, open_draft, open_draft_with_report, reason_codes
from .builders import PARK, STEEL, numbered_unit


@pytest.mark.rule("E4")
async def test_an_officer_records_a_fact_which_then_counts(
    applicant: ApiClient, officer: ApiClient, other_applicant: ApiClient
) -> None:
    body = {
        "uscc": STEEL.uscc,
        "kind": "abnormal_operations",
        "happened_on": "2025-01-01",
        "reference": "企业信用信息公示系统",
    }
    key = await open_draft_with_report(applicant)

    recorded = await officer.post("/v1/facts", json=body)
    answer = await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert recorded.status_code == 201
    assert reason_codes(answer) == ["abnormal-operations"]
    assert len((await applicant.get("/v1/facts")).json()["items"]) == 1
    assert (await other_applicant.get("/v1/facts", params={"uscc": STEEL.uscc})).json()["items"] == []
    ended = await officer.post(f"/v1/facts/{recorded.json()['fact_id']}/end", json={"ended_on": "2026-04-01"})
    assert ended.json()["ended_on"] == "2026-04-01"
    assert (await applicant.post(f"{APPLICATIONS}/{key}/submit")).status_code == 200


@pytest.mark.rule("E4")
async def test_an_agency_records_facts_and_an_applicant_none(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    body = {"uscc": STEEL.uscc, "kind": "safety_accident", "happened_on": "2025-06-01", "reference": "应急〔2025〕7号"}
    agency = api.client_as(Role.AGENCY, organisation="emergency_management", subject="agency-1")

    assert (await agency.post("/v1/facts", json=body)).json()["source"] == "agency"
    assert (await applicant.post("/v1/facts", json=body)).status_code == 403


@pytest.mark.rule("E10")
async def test_an_officer_records_the_list_of_the_own_prefecture_only(
    officer: ApiClient, other_prefecture_officer: ApiClient, api: ApiHarness[Any]
) -> None:
    body = {
        "document_number": "鄂工信发〔2026〕1号",
        "published_on": date(2026, 1, 20).isoformat(),
        "units": [STEEL.model_dump(mode="json")],
    }

    own = await officer.post("/v1/prefecture-lists", json=body)
    foreign = await other_prefecture_officer.post("/v1/prefecture-lists", json=body)
    forged = await other_prefecture_officer.post("/v1/prefecture-lists", json=body | {"prefecture": "150600"})

    assert (own.status_code, foreign.status_code, forged.status_code) == (201, 422, 403)
    shown = (await api.anonymous().get("/v1/prefecture-lists", params={"prefecture": "150600"})).json()
    assert [each["document_number"] for each in shown["items"]] == ["鄂工信发〔2026〕1号"]


@pytest.mark.rule("E10")
async def test_one_list_takes_some_hundreds_of_units(officer: ApiClient, api: ApiHarness[Any]) -> None:
    units = [numbered_unit(number).model_dump(mode="json") for number in range(500)]
    body = {"document_number": "鄂工信发〔2026〕2号", "published_on": "2026-01-20", "units": units}

    answer = await officer.post("/v1/prefecture-lists", json=body)

    assert answer.status_code == 201
    held = api.memory.collections["standings"]
    assert [len(held[each["uscc"]]["listings"]) for each in units] == [1] * 500


LIST = {
    "document_number": "鄂工信发〔2026〕3号",
    "published_on": "2026-04-20",
    "units": [STEEL.model_dump(mode="json")],
}


@pytest.mark.rule("E10")
async def test_a_list_that_is_not_published_yet_is_refused(officer: ApiClient) -> None:
    today = await officer.post("/v1/prefecture-lists", json=LIST)
    tomorrow = await officer.post("/v1/prefecture-lists", json=LIST | {"published_on": "2026-04-21"})

    assert (today.status_code, tomorrow.status_code) == (201, 422)
    assert [(each["code"], each["pointer"]) for each in tomorrow.json()["reasons"]] == [
        ("not-published-yet", "/published_on")
    ]


@pytest.mark.rule("E13")
async def test_a_list_names_each_park_as_it_was_first_registered(officer: ApiClient) -> None:
    unnamed = PARK.model_dump(mode="json") | {"park_name": None}

    answer = await officer.post("/v1/prefecture-lists", json=LIST | {"units": [unnamed]})

    assert (answer.status_code, reason_codes(answer)) == (422, ["park-name-missing"])


@pytest.mark.rule("P2")
async def test_everybody_sees_which_office_has_recorded_a_list_and_not_who(
    officer: ApiClient, api: ApiHarness[Any]
) -> None:
    region = api.client_as(Role.REGIONAL_OFFICER, subject="region-1")
    for caller in (officer, region):
        await caller.post("/v1/prefecture-lists", json=LIST | {"prefecture": STEEL.prefecture})

    shown = (await api.anonymous().get("/v1/prefecture-lists")).json()["items"]

    assert {each["recorded_by"] for each in shown} == {STEEL.prefecture, REGION}


FACT = {"uscc": STEEL.uscc, "kind": "tax_evasion", "happened_on": "2025-06-01", "reference": "税稽〔2025〕3号"}


@pytest.mark.rule("P2")
async def test_a_unit_that_has_applied_elsewhere_is_another_officers_matter(
    applicant: ApiClient, officer: ApiClient, other_prefecture_officer: ApiClient, api: ApiHarness[Any]
) -> None:
    key = await open_draft_with_report(applicant, undertaking=False)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    foreign, own = (
        await other_prefecture_officer.post("/v1/facts", json=FACT),
        await officer.post("/v1/facts", json=FACT),
    )

    assert (foreign.status_code, own.status_code) == (403, 201)
    assert len(api.memory.collections["audit_denials"]) == 1


@pytest.mark.rule("P2")
@pytest.mark.rule("E4")
async def test_of_a_unit_that_has_not_applied_any_officer_records_a_fact_and_it_weighs(
    applicant: ApiClient, other_prefecture_officer: ApiClient
) -> None:
    key = await open_draft_with_report(applicant)

    recorded = await other_prefecture_officer.post("/v1/facts", json=FACT)
    forged = await other_prefecture_officer.post("/v1/facts", json=FACT | {"prefecture": STEEL.prefecture})

    assert (recorded.status_code, recorded.json()["recorded_by"]) == (201, Prefecture.HOHHOT)
    assert forged.status_code == 403
    assert reason_codes(await applicant.post(f"{APPLICATIONS}/{key}/submit")) == ["tax-evasion"]


@pytest.mark.rule("P2")
async def test_a_fact_is_ended_by_who_recorded_it_or_by_the_region(
    officer: ApiClient, other_prefecture_officer: ApiClient, api: ApiHarness[Any]
) -> None:
    region = api.client_as(Role.REGIONAL_OFFICER, subject="region-1")
    agencies = [
        api.client_as(Role.AGENCY, organisation=name, subject=name) for name in ("taxation", "emergency_management")
    ]
    by_tax = await agencies[0].post("/v1/facts", json=FACT | {"prefecture": STEEL.prefecture})
    by_officer = await officer.post("/v1/facts", json=FACT)
    ended = {"ended_on": "2026-01-01"}

    async def statuses(fact_id: str, *callers: ApiClient) -> list[int]:
        return [(await each.post(f"/v1/facts/{fact_id}/end", json=ended)).status_code for each in callers]

    assert await statuses(by_tax.json()["fact_id"], officer, agencies[1], agencies[0], region) == [403, 404, 200, 200]
    assert await statuses(by_officer.json()["fact_id"], other_prefecture_officer, *agencies, officer) == [
        404,
        404,
        404,
        200,
    ]


@pytest.mark.rule("V10")
async def test_a_fact_recorded_after_acceptance_is_said_and_shown(
    applicant: ApiClient, officer: ApiClient, api: ApiHarness[Any]
) -> None:
    key = await open_draft_with_report(applicant)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    await officer.post("/v1/facts", json=FACT)

    assert isinstance(api.events[-1], EligibilityLost)
    found = (await applicant.get(f"{APPLICATIONS}/{key}")).json()
    assert (found["stage"], found["lost_on"]) == ("eligibility_lost", "2026-04-20")
    assert [each["code"] for each in found["refusals"]] == ["tax-evasion"]
    again = await open_draft(applicant)
    assert "open-application" not in reason_codes(await applicant.post(f"{APPLICATIONS}/{again}/submit"))


@pytest.mark.rule("P3")
async def test_no_officer_records_or_ends_a_fact_of_the_own_organisation_nor_lists_it(
    officer: ApiClient, api: ApiHarness[Any]
) -> None:
    own = api.client_as(Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture, organisation=STEEL.uscc, subject="li")
    recorded = (await officer.post("/v1/facts", json=FACT)).json()["fact_id"]

    answers = [
        await own.post("/v1/facts", json=FACT),
        await own.post(f"/v1/facts/{recorded}/end", json={"ended_on": "2026-01-01"}),
        await own.post("/v1/prefecture-lists", json=LIST),
        await own.post("/v1/facts", json=FACT | {"uscc": PARK.uscc}),
    ]

    assert [each.status_code for each in answers] == [403, 403, 403, 201]
