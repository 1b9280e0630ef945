from __future__ import annotations

from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Prefecture

from .api_calls import DECISION, reasons, reserve
from .builders import NORTH, OTHER, SOUTH, STEEL

PATH = f"/v1/assessors/{NORTH}/sanctions"


@pytest.mark.rule("S1")
async def test_a_sanction_is_recorded_once_per_document(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    first = await regional_officer.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    assert first.status_code == 201
    assert first.json()["sanctions"][0]["ban"] == {"first_day": "2026-04-20", "last_day": "2029-04-20"}
    again = await regional_officer.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    assert again.status_code == 409
    assert reasons(again) == [("S1", "decision-already-recorded", "/document_number")]
    unknown = await regional_officer.post(f"/v1/assessors/{STEEL}/sanctions", json=DECISION)
    assert unknown.status_code == 404
    assert [each.fact for each in api_with_assessors.events[3:]] == ["sanctioned"]


@pytest.mark.rule("S4")
async def test_a_sanction_is_revoked_by_a_document_and_stays_on_record(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await regional_officer.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    answer = await regional_officer.post(
        f"/v1/assessors/{NORTH}/sanctions/revocation", json={"document_number": "撤一号"}
    )
    assert answer.status_code == 200
    (sanction,) = answer.json()["sanctions"]
    assert (sanction["revoked_on"], sanction["revocation_document"]) == ("2026-04-20", "撤一号")
    assert api_with_assessors.events[-1].fact == "sanction-revoked"


@pytest.mark.rule("S1")
async def test_a_decision_without_evidence_is_refused_and_the_place_is_named(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    answer = await regional_officer.post(PATH, json={**DECISION, "reasons": [{"text": "数据造假"}]})
    assert (answer.status_code, reasons(answer)) == (409, [("S1", "evidence-missing", "/reasons/0/evidence")])
    assert api_with_assessors.events[-1].fact == "registered"


@pytest.mark.rule("S1")
@pytest.mark.rule("S4")
@pytest.mark.usefixtures("api_with_assessors")
async def test_a_body_that_is_none_of_ours_is_refused_with_rule_and_article(regional_officer: ApiClient) -> None:
    empty = await regional_officer.post(PATH, json={})
    assert [(rule, code) for rule, code, _ in reasons(empty)] == [("S1", "missing")] * 3
    broken = await regional_officer.post(
        f"{PATH}/revocation", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert (broken.status_code, reasons(broken)) == (422, [("S4", "json-invalid", None)])
    assert broken.json()["reasons"][0]["article"] == "第三十一条"
    change = await regional_officer.post(f"/v1/assessors/{NORTH}/representative", json={"changed_on": "gestern"})
    assert {rule for rule, _, _ in reasons(change)} == {"Q4"}


@pytest.mark.rule("S2")
@pytest.mark.rule("S3")
async def test_a_decision_can_be_tried_and_shows_what_it_would_reach_without_effect(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await reserve(api_with_assessors, NORTH, SOUTH, OTHER)
    said = len(api_with_assessors.events)
    answer = await regional_officer.post(PATH, json=DECISION, params={"dry_run": True}, key="")
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["decision"]["sanction"]["ban"]["last_day"] == "2029-04-20"
    assert [each["application_id"] for each in shown["items"]] == ["app-0"]
    assert [each["uscc"] for each in shown["affiliates"]] == [SOUTH]
    assert len(api_with_assessors.events) == said
    assert (await regional_officer.get("/v1/sanctions")).json()["items"] == []
    assert (await regional_officer.post(PATH, json=DECISION)).status_code == 201
    again = await regional_officer.post(PATH, json=DECISION, params={"dry_run": True})
    assert (again.status_code, reasons(again)[0][1]) == (409, "decision-already-recorded")


@pytest.mark.rule("S3")
async def test_a_sanction_says_which_assessors_are_sisters(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await regional_officer.post(PATH, json=DECISION)
    assert [each["uscc"] for each in api_with_assessors.events[-1].model_dump()["affiliates"]] == [SOUTH]


@pytest.mark.rule("N4")
@pytest.mark.rule("S4")
async def test_everyone_sees_which_sanctions_held_on_a_day_and_all_decisions_against_one(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await regional_officer.post(PATH, json=DECISION)
    other = {**DECISION, "document_number": "二号", "decided_on": "2026-04-01"}
    await regional_officer.post(f"/v1/assessors/{OTHER}/sanctions", json=other)
    await regional_officer.post(
        f"/v1/assessors/{OTHER}/sanctions/revocation", json={"document_number": "撤二号", "revoked_on": "2026-04-10"}
    )
    anybody = api_with_assessors.anonymous()
    held = {}
    for day in ("2026-03-31", "2026-04-09", "2026-04-10", "2026-04-20", "2029-04-20", "2029-04-21"):
        shown = (await anybody.get("/v1/sanctions", params={"on": day})).json()["items"]
        held[day] = [each["assessor"]["uscc"] for each in shown]
    assert list(held.values()) == [[], [OTHER], [], [NORTH], [NORTH], []]
    (revoked,) = (await anybody.get(f"/v1/assessors/{OTHER}/sanctions")).json()["items"]
    assert revoked["sanction"]["revocation_document"] == "撤二号"


@pytest.mark.rule("N4")
async def test_sanctions_are_listed_by_prefecture_and_page_by_page(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await reserve(api_with_assessors, NORTH)
    for uscc in (NORTH, SOUTH):
        await regional_officer.post(f"/v1/assessors/{uscc}/sanctions", json=DECISION)
    anybody = api_with_assessors.anonymous()
    there = await anybody.get("/v1/sanctions", params={"prefecture": Prefecture.CHIFENG})
    assert [each["assessor"]["uscc"] for each in there.json()["items"]] == [NORTH]
    first = (await anybody.get("/v1/sanctions", params={"limit": 1})).json()
    rest = (await anybody.get("/v1/sanctions", params={"limit": 1, "after": first["next"]})).json()
    assert [page["items"][0]["assessor"]["uscc"] for page in (first, rest)] == [NORTH, SOUTH]
    assert rest["next"] is None
