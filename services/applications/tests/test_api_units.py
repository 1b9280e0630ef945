"""The prefecture of an organisation: where it first submitted, or where the region has moved it (V1)."""

from __future__ import annotations

from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Prefecture, Role

from . import builders_forms as forms
from .api_calls import APPLICATIONS, DRAFT, open_draft, open_draft_with_report, reason_codes, send_file
from .builders import STEEL

HOHHOT = STEEL.model_dump(mode="json") | {"prefecture": Prefecture.HOHHOT}
FACT = {"uscc": STEEL.uscc, "kind": "tax_evasion", "happened_on": "2025-06-01", "reference": "税稽〔2025〕3号"}
UNIT = f"/v1/units/{STEEL.uscc}"
MOVE = {"prefecture": Prefecture.HOHHOT, "document_number": "内工信函〔2026〕7号"}


@pytest.fixture
def regional_officer(api: ApiHarness[Any]) -> ApiClient:
    return api.client_as(Role.REGIONAL_OFFICER, subject="region-1")


@pytest.fixture
async def draft_elsewhere(applicant: ApiClient, other_prefecture_officer: ApiClient) -> str:
    """A complete draft of the same organisation in another prefecture, and on that prefecture's list."""
    listing = {"document_number": "呼工信发〔2026〕1号", "published_on": "2026-01-20", "units": [HOHHOT]}
    assert (await other_prefecture_officer.post("/v1/prefecture-lists", json=listing)).status_code == 201
    file = await send_file(applicant)
    key = await open_draft(applicant, unit=HOHHOT)
    body = forms.as_json(forms.report_of(evidence=[{"name": file["name"], "sha256": file["sha256"]}]))
    assert (await applicant.put(f"{APPLICATIONS}/{key}/evaluation", json=body)).status_code == 200
    return key


@pytest.mark.rule("E4")
@pytest.mark.rule("V1")
async def test_no_ground_for_refusal_is_escaped_by_filing_in_another_prefecture(
    applicant: ApiClient, officer: ApiClient, draft_elsewhere: str
) -> None:
    key = await open_draft_with_report(applicant)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    await officer.post("/v1/facts", json=FACT)

    answer = await applicant.post(f"{APPLICATIONS}/{draft_elsewhere}/submit")

    assert (await applicant.get(f"{APPLICATIONS}/{key}")).json()["stage"] == "eligibility_lost"
    assert answer.status_code == 409
    assert reason_codes(answer) == ["tax-evasion", "other-prefecture"]


@pytest.mark.rule("V1")
async def test_a_submission_that_was_returned_has_said_where_the_unit_belongs_all_the_same(
    applicant: ApiClient, draft_elsewhere: str
) -> None:
    key = await open_draft_with_report(applicant, undertaking=False)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert reason_codes(await applicant.post(f"{APPLICATIONS}/{draft_elsewhere}/submit")) == ["other-prefecture"]
    assert (await applicant.get(UNIT)).json() == {"uscc": STEEL.uscc, "prefecture": STEEL.prefecture, "moves": []}


@pytest.mark.rule("V1")
async def test_once_the_region_has_recorded_the_move_the_unit_applies_in_its_new_prefecture(
    applicant: ApiClient, regional_officer: ApiClient, draft_elsewhere: str
) -> None:
    key = await open_draft_with_report(applicant, undertaking=False)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    moved = await regional_officer.post(f"{UNIT}/moves", json=MOVE)
    again = await regional_officer.post(f"{UNIT}/moves", json=MOVE)
    answer = await applicant.post(f"{APPLICATIONS}/{draft_elsewhere}/submit")

    assert (moved.status_code, again.status_code, reason_codes(again)) == (201, 409, ["nothing-to-move"])
    assert answer.json()["state"] == "accepted"
    assert (await applicant.get(UNIT)).json()["moves"] == [
        {"former": STEEL.prefecture, "recorded_on": "2026-04-20", **MOVE},
    ]


@pytest.mark.rule("V1")
async def test_what_is_under_way_goes_on_where_it_was_submitted(
    applicant: ApiClient, regional_officer: ApiClient
) -> None:
    key = await open_draft_with_report(applicant)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    await regional_officer.post(f"{UNIT}/moves", json=MOVE)

    found = (await applicant.get(f"{APPLICATIONS}/{key}")).json()
    assert (found["stage"], found["unit"]["prefecture"]) == ("accepted", STEEL.prefecture)


@pytest.mark.rule("P2")
async def test_a_move_is_the_regions_word_and_seen_by_those_concerned(
    applicant: ApiClient,
    other_applicant: ApiClient,
    officer: ApiClient,
    other_prefecture_officer: ApiClient,
    regional_officer: ApiClient,
) -> None:
    key = await open_draft_with_report(applicant)
    nothing_yet = await regional_officer.post(f"{UNIT}/moves", json=MOVE)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    moves = [await caller.post(f"{UNIT}/moves", json=MOVE) for caller in (applicant, officer, other_prefecture_officer)]
    reads = [
        (await caller.get(UNIT)).status_code
        for caller in (applicant, officer, regional_officer, other_applicant, other_prefecture_officer)
    ]

    assert (nothing_yet.status_code, reason_codes(nothing_yet)) == (409, ["nothing-to-move"])
    assert [each.status_code for each in moves] == [403] * 3
    assert reads == [200, 200, 200, 404, 404]


@pytest.mark.rule("P2")
async def test_after_a_move_facts_are_the_new_prefectures_matter(
    applicant: ApiClient, officer: ApiClient, other_prefecture_officer: ApiClient, regional_officer: ApiClient
) -> None:
    key = await open_draft_with_report(applicant, undertaking=False)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    await regional_officer.post(f"{UNIT}/moves", json=MOVE)

    assert [(await each.post("/v1/facts", json=FACT)).status_code for each in (officer, other_prefecture_officer)] == [
        403,
        201,
    ]


async def test_a_unit_that_nobody_knows_is_not_found(regional_officer: ApiClient) -> None:
    assert (await regional_officer.get("/v1/units/911502000000000271")).status_code == 404
    assert (await regional_officer.post("/v1/units/911502000000000271/moves", json=MOVE)).status_code == 404


async def test_a_draft_alone_says_nothing_of_where_a_unit_belongs(applicant: ApiClient) -> None:
    assert (await applicant.post(APPLICATIONS, json=DRAFT)).status_code == 201
    assert (await applicant.get(UNIT)).json()["prefecture"] is None
