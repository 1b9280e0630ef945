"""A unit on no lower list is put forward in the words of the forwarding department (E10)."""

from __future__ import annotations

from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Role

from .calls import APPLICATIONS, DRAFT, codes, drafted, filed
from .story import ASSESSOR, PARK, STEEL, keep_standing, standing


@pytest.mark.rule("E10")
async def test_the_prefectures_officer_justifies_a_unit_on_no_list(
    unit: ApiClient, officer: ApiClient, elsewhere: ApiClient
) -> None:
    key = await drafted(unit)
    place, body = f"{APPLICATIONS}/{key}/justification", {"text": "新投产，能效国内领先"}
    unseen = await officer.put(place, json=body)
    await unit.post(f"{APPLICATIONS}/{key}/submit")

    refused, answer = await elsewhere.put(place, json=body), await officer.put(place, json=body)

    assert (unseen.status_code, refused.status_code, answer.status_code) == (403, 403, 200)
    found = (await unit.get(f"{APPLICATIONS}/{key}")).json()
    assert found["justification"] == {"text": "新投产，能效国内领先", "by": "officer-1", "level": "region"}


@pytest.mark.rule("E10")
@pytest.mark.parametrize(
    ("level", "statuses"), [("region", [200, 403, 403]), ("nation", [403, 200, 403]), ("prefecture", [403, 403, 403])]
)
async def test_each_level_is_justified_by_its_own_forwarder(
    unit: ApiClient, officer: ApiClient, served: ApiHarness[Any], level: str, statuses: list[int]
) -> None:
    key = await drafted(unit, level=level)
    await unit.post(f"{APPLICATIONS}/{key}/submit")
    place = f"{APPLICATIONS}/{key}/justification"
    region = served.client_as(Role.REGIONAL_OFFICER, subject="region-1")

    answers = [await caller.put(place, json={"text": "能效国内领先"}) for caller in (officer, region, unit)]

    assert [each.status_code for each in answers] == statuses


@pytest.mark.rule("E10")
async def test_the_justification_of_the_department_opens_the_way_and_the_units_own_words_are_not_taken(
    unit: ApiClient, officer: ApiClient, served: ApiHarness[Any]
) -> None:
    await served.perform(keep_standing, standing(listings=()))
    own = await unit.post(APPLICATIONS, json=DRAFT | {"justification": "条件突出"})
    key = await filed(unit)
    refused = await unit.post(f"{APPLICATIONS}/{key}/submit")

    await officer.put(f"{APPLICATIONS}/{key}/justification", json={"text": "能效国内领先"})
    answer = await unit.post(f"{APPLICATIONS}/{key}/submit")

    assert (own.status_code, own.json()["reasons"][0]["pointer"]) == (422, "/justification")
    assert codes(refused) == ["not-on-lower-list"]
    assert answer.json()["state"] == "accepted"
    assert served.events[-1].model_dump()["justification"] == "能效国内领先"


@pytest.mark.rule("P3")
async def test_nobody_justifies_the_own_unit_or_a_report_of_the_own_making(
    unit: ApiClient, served: ApiHarness[Any]
) -> None:
    by = {"way": "assessor", "assessor_name": ASSESSOR.name, "assessor_uscc": ASSESSOR.uscc}
    key = await filed(unit, **by, lead_author="S1", reviewer="S2")
    await unit.post(f"{APPLICATIONS}/{key}/submit")

    answers = [
        await served.client_as(
            Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture, organisation=organisation, subject="officer-3"
        ).put(f"{APPLICATIONS}/{key}/justification", json={"text": "能效国内领先"})
        for organisation in (STEEL.uscc, ASSESSOR.uscc, PARK.uscc)
    ]

    assert [each.status_code for each in answers] == [403, 403, 200]
