from __future__ import annotations

from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Prefecture, Role

from .api_calls import CHANGE, DECISION, reasons, reserve
from .builders import LIMIT, NORTH, OTHER, SOUTH, STEEL, WANG

INVALID = "911501000000000192"


@pytest.mark.rule("Q7")
async def test_what_is_left_is_told_by_assessor_and_by_representative_with_the_items(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await reserve(api_with_assessors, NORTH, SOUTH, SOUTH, OTHER)
    own = (await regional_officer.get(f"/v1/assessors/{NORTH}/items", params={"year": "2026"})).json()
    assert (own["limit"], own["used"], own["remaining"]) == (LIMIT, 3, LIMIT - 3)
    assert [each["application_id"] for each in own["items"]] == ["app-0"]
    together = (await regional_officer.get(f"/v1/representatives/{WANG.digest}/items")).json()
    assert together["used"] == 3
    assert [each["application_id"] for each in together["items"]] == ["app-0", "app-1", "app-2"]
    assert [each["uscc"] for each in together["assessors"]] == [NORTH, SOUTH]


@pytest.mark.rule("Q7")
@pytest.mark.rule("Q3")
async def test_another_year_is_counted_by_itself(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await reserve(api_with_assessors, NORTH)
    answer = (await regional_officer.get(f"/v1/assessors/{NORTH}/items", params={"year": "2027"})).json()
    assert (answer["year"], answer["used"], answer["items"]) == (2027, 0, [])


@pytest.mark.rule("S3")
@pytest.mark.usefixtures("api_with_assessors")
async def test_a_sanction_shows_beside_the_sister_assessors(regional_officer: ApiClient) -> None:
    await regional_officer.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    answer = (await regional_officer.get(f"/v1/assessors/{SOUTH}/items")).json()
    assert {each["uscc"]: each["sanctioned_until"] for each in answer["assessors"]} == {
        NORTH: "2029-04-20",
        SOUTH: None,
    }


@pytest.mark.rule("P2")
async def test_an_assessor_sees_its_own_items_and_of_its_sisters_the_count_alone(
    api_with_assessors: ApiHarness[Any],
) -> None:
    await reserve(api_with_assessors, NORTH, SOUTH, OTHER)
    north = api_with_assessors.client_as(Role.ASSESSOR, organisation=NORTH)
    for path in (f"/v1/assessors/{NORTH}/items", f"/v1/representatives/{WANG.digest}/items"):
        shown = (await north.get(path)).json()
        assert shown["used"] == 2
        assert [each["application_id"] for each in shown["items"]] == ["app-0"]
    assert (await north.get(f"/v1/assessors/{OTHER}/items")).status_code == 404


@pytest.mark.rule("P2")
async def test_an_officer_sees_the_items_of_the_own_prefecture_alone(api_with_assessors: ApiHarness[Any]) -> None:
    await reserve(api_with_assessors, NORTH)
    path = f"/v1/assessors/{NORTH}/items"
    there = api_with_assessors.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.CHIFENG)
    elsewhere = api_with_assessors.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.WUHAI)
    assert [each["application_id"] for each in (await there.get(path)).json()["items"]] == ["app-0"]
    assert (await elsewhere.get(path)).status_code == 404


@pytest.mark.rule("S7")
@pytest.mark.usefixtures("api_with_assessors")
async def test_what_nobody_registered_is_not_found_and_the_rule_is_named(regional_officer: ApiClient) -> None:
    unknown = f"/v1/assessors/{STEEL}"
    for path in (unknown, f"{unknown}/items", f"{unknown}/history", f"{unknown}/sanctions"):
        answer = await regional_officer.get(path)
        assert (answer.status_code, reasons(answer)) == (404, [("S7", "assessor-unknown", None)])
    for path, body in (
        ("representative", CHANGE),
        ("sanctions", DECISION),
        ("deregistration", {"document_number": "一号"}),
    ):
        answer = await regional_officer.post(f"{unknown}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    answer = await regional_officer.get(f"/v1/representatives/{'0' * 64}/items")
    assert (answer.status_code, reasons(answer)) == (404, [("Q7", "representative-unknown", None)])
    assert (await regional_officer.get(f"/v1/assessors/{INVALID}")).status_code == 404


@pytest.mark.rule("Q3")
@pytest.mark.parametrize("year", ["2023", "2028", "0", "-5", "99999"])
@pytest.mark.usefixtures("api_with_assessors")
async def test_a_year_in_which_nothing_can_count_is_refused_with_rule_and_article(
    regional_officer: ApiClient, year: str
) -> None:
    for path in (f"/v1/assessors/{NORTH}/items", f"/v1/representatives/{WANG.digest}/items"):
        answer = await regional_officer.get(path, params={"year": year})
        assert (answer.status_code, answer.json()["code"]) == (422, "year-out-of-range")
        assert reasons(answer) == [("Q3", "year-out-of-range", None)]
        assert answer.json()["reasons"][0]["article"] == "第三十二条"


@pytest.mark.rule("Q4")
@pytest.mark.rule("Q7")
async def test_a_representative_who_left_is_shown_what_stays_and_the_new_one_what_came_along(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await reserve(api_with_assessors, NORTH, SOUTH, OTHER)
    changed = (await regional_officer.post(f"/v1/assessors/{NORTH}/representative", json=CHANGE)).json()
    left = (await regional_officer.get(f"/v1/representatives/{WANG.digest}/items")).json()
    came = (await regional_officer.get(f"/v1/representatives/{changed['representative']['digest']}/items")).json()
    assert [each["application_id"] for each in left["items"]] == ["app-0", "app-1"]
    assert [each["application_id"] for each in came["items"]] == ["app-0", "app-2"]
    assert [each["uscc"] for each in left["assessors"]] == [NORTH, SOUTH]
    assert [each["uscc"] for each in came["assessors"]] == [NORTH, OTHER]


@pytest.mark.rule("P2")
async def test_an_item_is_shown_to_its_own_assessor_and_prefecture_and_is_not_there_for_others(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await reserve(api_with_assessors, NORTH, OTHER)
    seeing = {
        "region": regional_officer,
        "own": api_with_assessors.client_as(Role.ASSESSOR, organisation=NORTH),
        "other": api_with_assessors.client_as(Role.ASSESSOR, organisation=OTHER),
        "there": api_with_assessors.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.CHIFENG),
        "elsewhere": api_with_assessors.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.WUHAI),
    }
    shown = {who: (await caller.get("/v1/items/app-0")).status_code for who, caller in seeing.items()}
    assert shown == {"region": 200, "own": 200, "other": 404, "there": 200, "elsewhere": 404}
    hidden, unknown = [await seeing["other"].get(f"/v1/items/{which}") for which in ("app-0", "app-9")]
    assert hidden.json()["code"] == unknown.json()["code"] == "not-found"
    listed = {who: len((await caller.get("/v1/items")).json()["items"]) for who, caller in seeing.items()}
    assert listed == {"region": 2, "own": 1, "other": 1, "there": 2, "elsewhere": 0}


@pytest.mark.rule("Q7")
async def test_items_are_listed_by_assessor_year_and_state_with_what_a_refusal_was_for(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await regional_officer.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    await reserve(api_with_assessors, NORTH, SOUTH)
    refused = (await regional_officer.get("/v1/items", params={"state": "refused"})).json()["items"]
    assert [(each["application_id"], each["refused_for"]) for each in refused] == [("app-0", ["assessor-sanctioned"])]
    for asked, expected in (({"assessor": SOUTH}, 1), ({"year": "2027"}, 0), ({"year": "2026"}, 2)):
        assert len((await regional_officer.get("/v1/items", params=asked)).json()["items"]) == expected
