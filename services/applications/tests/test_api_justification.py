"""The forwarding department justifies a unit on no lower list (E10)."""

from __future__ import annotations

from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Role

from .api_calls import APPLICATIONS, DRAFT, open_draft, open_draft_with_report, reason_codes
from .builders import ASSESSOR, PARK, STEEL, standing
from .harness import save_standing


@pytest.mark.rule("E10")
async def test_the_prefectures_officer_justifies_a_unit_on_no_list(
    applicant: ApiClient, officer: ApiClient, other_prefecture_officer: ApiClient
) -> None:
    key = await open_draft(applicant)
    place, body = f"{APPLICATIONS}/{key}/justification", {"text": "新投产，能效国内领先"}
    unseen = await officer.put(place, json=body)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    refused, answer = await other_prefecture_officer.put(place, json=body), await officer.put(place, json=body)

    assert (unseen.status_code, refused.status_code, answer.status_code) == (404, 404, 200)
    found = (await applicant.get(f"{APPLICATIONS}/{key}")).json()
    assert found["justification"] == {"text": "新投产，能效国内领先", "by": "officer-1", "level": "region"}


@pytest.mark.rule("E10")
@pytest.mark.parametrize(
    ("level", "statuses"), [("region", [200, 403, 403]), ("nation", [403, 200, 403]), ("prefecture", [403, 403, 403])]
)
async def test_each_level_is_justified_by_its_own_forwarder(
    applicant: ApiClient, officer: ApiClient, api: ApiHarness[Any], level: str, statuses: list[int]
) -> None:
    key = await open_draft(applicant, level=level)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    place = f"{APPLICATIONS}/{key}/justification"
    region = api.client_as(Role.REGIONAL_OFFICER, subject="region-1")

    answers = [await caller.put(place, json={"text": "能效国内领先"}) for caller in (officer, region, applicant)]

    assert [each.status_code for each in answers] == statuses


@pytest.mark.rule("E10")
async def test_the_justification_of_the_department_opens_the_way_and_the_units_own_words_are_not_taken(
    applicant: ApiClient, officer: ApiClient, api: ApiHarness[Any]
) -> None:
    await api.perform(save_standing, standing(listings=()))
    own = await applicant.post(APPLICATIONS, json=DRAFT | {"justification": "条件突出"})
    key = await open_draft_with_report(applicant)
    refused = await applicant.post(f"{APPLICATIONS}/{key}/submit")

    await officer.put(f"{APPLICATIONS}/{key}/justification", json={"text": "能效国内领先"})
    answer = await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert (own.status_code, own.json()["reasons"][0]["pointer"]) == (422, "/justification")
    assert reason_codes(refused) == ["not-on-lower-list"]
    assert answer.json()["state"] == "accepted"
    assert api.events[-1].model_dump()["justification"] == "能效国内领先"


@pytest.mark.rule("P3")
async def test_nobody_justifies_the_own_unit_or_a_report_of_the_own_making(
    applicant: ApiClient, api: ApiHarness[Any]
) -> None:
    by = {"way": "assessor", "assessor_name": ASSESSOR.name, "assessor_uscc": ASSESSOR.uscc}
    key = await open_draft_with_report(applicant, **by, lead_author="S1", reviewer="S2")
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    answers = [
        await api.client_as(
            Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture, organisation=organisation, subject="officer-3"
        ).put(f"{APPLICATIONS}/{key}/justification", json={"text": "能效国内领先"})
        for organisation in (STEEL.uscc, ASSESSOR.uscc, PARK.uscc)
    ]

    assert [each.status_code for each in answers] == [403, 403, 200]


@pytest.mark.rule("A6")
async def test_command_about_a_version_that_the_caller_has_not_read_is_refused(
    applicant: ApiClient, officer: ApiClient
) -> None:
    key = await open_draft(applicant)
    place, stale = f"{APPLICATIONS}/{key}", {"If-Match": '"1"'}
    first = await applicant.post(f"{place}/submit")
    assert first.json()["code"] == "not-eligible"

    answers = [
        await applicant.post(f"{place}/submit", headers=stale),
        await officer.put(f"{place}/justification", json={"text": "能效国内领先"}, headers=stale),
    ]
    seen = (await applicant.get(place)).headers["ETag"]
    taken = await officer.put(f"{place}/justification", json={"text": "能效国内领先"}, headers={"If-Match": seen})

    assert [(each.status_code, reason_codes(each)) for each in answers] == [(412, ["version-stale"])] * 2
    assert taken.status_code == 200


@pytest.mark.rule("A5")
async def test_withdrawal_of_a_version_that_the_caller_has_not_read_is_refused(applicant: ApiClient) -> None:
    key = await open_draft_with_report(applicant)
    submitted = await applicant.post(f"{APPLICATIONS}/{key}/submit")
    path = f"{APPLICATIONS}/{key}/withdraw"

    stale = await applicant.post(path, headers={"If-Match": '"1"'})
    taken = await applicant.post(path, headers={"If-Match": submitted.headers["ETag"]})

    assert (stale.status_code, taken.status_code) == (412, 200)
