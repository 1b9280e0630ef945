from __future__ import annotations

from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Prefecture, Role

from .api_calls import CHANGE, DECISION, PATH, reserve, version
from .builders import NORTH, OTHER, SOUTH, WANG


@pytest.mark.rule("N4")
async def test_everyone_sees_who_is_registered_and_sanctioned_but_no_person(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await regional_officer.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    answer = await api_with_assessors.anonymous().get("/v1/assessors", params={"scope": "park", "limit": "2"})
    shown = answer.json()
    assert [each["uscc"] for each in shown["items"]] == [NORTH, SOUTH]
    assert shown["items"][0]["sanctions"][0]["ban"]["last_day"] == "2029-04-20"
    assert "王某" not in answer.text
    rest = await api_with_assessors.anonymous().get("/v1/assessors", params={"after": shown["next"]})
    assert [each["uscc"] for each in rest.json()["items"]] == [OTHER]


@pytest.mark.rule("S7")
@pytest.mark.usefixtures("api_with_assessors")
async def test_the_history_tells_all_that_happened_page_by_page_and_names_no_person(
    regional_officer: ApiClient,
) -> None:
    await regional_officer.patch(PATH, json={"name": "新名称"}, headers=await version(regional_officer))
    await regional_officer.post(f"{PATH}/representative", json=CHANGE)
    await regional_officer.post(f"{PATH}/sanctions", json=DECISION)
    await regional_officer.post(f"{PATH}/sanctions/revocation", json={"document_number": "撤一号"})
    shown, after = [], None
    for _ in range(3):
        answer = await regional_officer.get(
            f"{PATH}/history", params={"limit": 2, "after": after} if after else {"limit": 2}
        )
        shown += answer.json()["items"]
        after = answer.json()["next"]
        assert "王某" not in answer.text
        assert WANG.masked not in answer.text
    assert after is None
    assert [(each["number"], each["what"], each["document_number"]) for each in shown] == [
        (1, "registered", None),
        (2, "amended", None),
        (3, "representative_changed", "变更一号"),
        (4, "sanctioned", "一号"),
        (5, "sanction_revoked", "撤一号"),
    ]
    assert {each["by"]["roles"][0] for each in shown} == {"regional_officer"}
    assert [each["changed"] for each in shown[1:2]] == [["name"]]


@pytest.mark.rule("S7")
@pytest.mark.usefixtures("api_with_assessors")
async def test_the_register_is_searched_by_scope_name_and_sanction(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await regional_officer.post(f"{PATH}/sanctions", json=DECISION)
    found = {}
    for asked in ({"sanctioned": True}, {"sanctioned": False}, {"name": "评价机构599"}, {"scope": "supply_chain"}):
        shown = (await api.anonymous().get("/v1/assessors", params=asked)).json()["items"]
        found[str(asked)] = [each["uscc"] for each in shown]
    assert list(found.values()) == [[NORTH], [SOUTH, OTHER], [], []]
    named = await api.anonymous().get("/v1/assessors", params={"name": "评价机构50"})
    assert len(named.json()["items"]) == 3


@pytest.mark.rule("P2")
async def test_a_department_reads_the_entries_of_assessors_that_work_in_its_prefecture(
    api_with_assessors: ApiHarness[Any],
) -> None:
    await reserve(api_with_assessors, NORTH)
    there = api_with_assessors.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.CHIFENG)
    elsewhere = api_with_assessors.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.WUHAI)
    listed = f"/v1/prefectures/{Prefecture.CHIFENG}/assessors"
    assert [each["uscc"] for each in (await there.get(listed)).json()["items"]] == [NORTH]
    assert (await elsewhere.get(listed)).json()["items"] == []
    assert (await elsewhere.get(listed, params={"sanctioned": True})).json()["items"] == []
    assert (await there.get(PATH)).json()["staff"][0]["name"] == "赵某"
    assert (await there.get(f"/v1/assessors/{SOUTH}")).status_code == 404
    assert (await elsewhere.get(PATH)).status_code == 404


@pytest.mark.rule("S3")
async def test_an_entry_shows_the_sisters_and_the_sanction_of_one(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await regional_officer.post(f"{PATH}/sanctions", json=DECISION)
    shown = (await regional_officer.get(f"/v1/assessors/{SOUTH}")).json()
    assert [(each["uscc"], each["sanctioned_until"]) for each in shown["affiliates"]] == [(NORTH, "2029-04-20")]
    assert (await api_with_assessors.client_as(Role.ASSESSOR, organisation=OTHER).get(f"/v1/assessors/{OTHER}")).json()[
        "affiliates"
    ] == []
