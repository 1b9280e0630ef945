from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from assessor_quota import api, handlers
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.clock import FixedClock
from chassis.testing.http import ApiStand, Caller, api_stand
from httpx2 import Response
from messages.values import Prefecture, Role, Uscc

from .kit import KEYS, LIMIT, NORTH, NOW, NUMBER, OTHER, SOUTH, STEEL, WANG, submitted

INVALID = "91350100M000100Y4Z"
OTHER_NUMBER = "150102198505053321"
DECISION = {"decided_on": "2026-04-20", "document_number": "一号", "reasons": [{"text": "评价报告数据造假"}]}


def registration(uscc: Uscc = NORTH, number: str = NUMBER, **changed: object) -> dict[str, object]:
    return {
        "uscc": uscc,
        "name": f"评价机构{uscc[3:6]}",
        "representative": {"document_number": number, "name": "王某"},
        "scope": ["factory", "park"],
        "staff": [{"name": "赵某", "qualification": "注册环保工程师", "from": "2024-01-01"}],
        **changed,
    }


def reasons(answer: Response) -> list[tuple[str | None, str, str | None]]:
    return [(each.get("rule"), each["code"], each.get("pointer")) for each in answer.json()["reasons"]]


@pytest.fixture
async def stand() -> AsyncIterator[ApiStand]:
    async with api_stand(
        "assessor-quota",
        lambda gate: api.router(gate, KEYS),
        aggregates=AGGREGATES,
        indexes=INDEXES,
        clock=FixedClock(NOW),
    ) as stand:
        yield stand


@pytest.fixture
def region(stand: ApiStand) -> Caller:
    return stand.as_(Role.REGIONAL_OFFICER)


@pytest.fixture
async def registered(stand: ApiStand, region: Caller) -> ApiStand:
    for uscc, number in ((NORTH, NUMBER), (SOUTH, NUMBER), (OTHER, OTHER_NUMBER)):
        assert (await region.post("/v1/assessors", json=registration(uscc, number))).status_code == 201
    return stand


async def reserve(stand: ApiStand, *by: str) -> None:
    for number, uscc in enumerate(by):
        await stand.perform(handlers.reserve_item, submitted(f"app-{number}", uscc), Store)


@pytest.mark.rule("S7")
async def test_a_registration_answers_with_everything_entered_and_the_number_masked(region: Caller) -> None:
    answer = await region.post("/v1/assessors", json=registration())
    assert answer.status_code == 201
    assert answer.json()["representative"] == {"digest": WANG.digest, "masked": WANG.masked}
    assert answer.json()["staff"] == [
        {"staff_id": "S1", "name": "赵某", "qualification": "注册环保工程师", "from": "2024-01-01", "until": None}
    ]


@pytest.mark.rule("S7")
async def test_the_document_number_is_in_nothing_that_is_kept_said_or_answered(
    stand: ApiStand, region: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await region.post("/v1/assessors", json=registration())
    kept = repr(stand.memory.collections) + repr(stand.memory.outbox) + repr(stand.said)
    assert NUMBER not in kept + answer.text + caplog.text


@pytest.mark.rule("S7")
async def test_a_wrong_registration_is_refused_with_every_field_that_is_wrong(region: Caller) -> None:
    wrong = registration(uscc=INVALID, name="", scope=["ship"])
    answer = await region.post("/v1/assessors", json=wrong)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["reasons"]] == ["/uscc", "/name", "/scope/0"]


@pytest.mark.rule("S7")
async def test_a_number_that_is_none_is_refused_without_being_repeated(region: Caller) -> None:
    answer = await region.post("/v1/assessors", json=registration(number="王某的身份证"))
    assert answer.status_code == 422
    assert reasons(answer) == [("S7", "document-number-invalid", "/representative/document_number")]
    assert "身份证" not in answer.text


@pytest.mark.rule("S7")
async def test_a_registration_without_scope_and_staff_names_both(region: Caller) -> None:
    answer = await region.post("/v1/assessors", json=registration(scope=[], staff=[]))
    assert answer.status_code == 422
    assert reasons(answer) == [("S7", "scope-missing", "/scope"), ("S7", "staff-missing", "/staff")]


async def test_the_same_key_registers_once_and_gets_the_same_answer(region: Caller, stand: ApiStand) -> None:
    first = await region.post("/v1/assessors", json=registration(), key="k-1")
    again = await region.post("/v1/assessors", json=registration(), key="k-1")
    assert again.json() == first.json()
    assert len(stand.said) == 1
    other = await region.post("/v1/assessors", json=registration(SOUTH), key="k-1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


async def test_an_assessor_is_registered_once(registered: ApiStand, region: Caller) -> None:
    answer = await region.post("/v1/assessors", json=registration())
    assert (answer.status_code, answer.json()["code"]) == (409, "assessor-already-registered")
    assert len(registered.said) == 3


@pytest.mark.rule("N4")
async def test_everyone_sees_who_is_registered_and_sanctioned_but_no_person(
    registered: ApiStand, region: Caller
) -> None:
    await region.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    answer = await registered.anybody().get("/v1/assessors", params={"scope": "park", "limit": "2"})
    shown = answer.json()
    assert [each["uscc"] for each in shown["items"]] == [NORTH, SOUTH]
    assert shown["items"][0]["sanctions"][0]["ban"]["last_day"] == "2029-04-20"
    assert "王某" not in answer.text
    rest = await registered.anybody().get("/v1/assessors", params={"after": shown["next"]})
    assert [each["uscc"] for each in rest.json()["items"]] == [OTHER]


@pytest.mark.rule("S1")
async def test_a_sanction_is_recorded_once_per_document(registered: ApiStand, region: Caller) -> None:
    first = await region.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    assert first.status_code == 201
    assert first.json()["sanctions"][0]["ban"] == {"first_day": "2026-04-20", "last_day": "2029-04-20"}
    again = await region.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    assert again.status_code == 409
    assert reasons(again) == [("S1", "decision-already-recorded", "/document_number")]
    unknown = await region.post(f"/v1/assessors/{STEEL}/sanctions", json=DECISION)
    assert unknown.status_code == 404
    assert [each.fact for each in registered.said[3:]] == ["sanctioned"]


@pytest.mark.rule("S4")
async def test_a_sanction_is_revoked_by_a_document_and_stays_on_record(registered: ApiStand, region: Caller) -> None:
    await region.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    answer = await region.post(f"/v1/assessors/{NORTH}/sanctions/revocation", json={"document_number": "撤一号"})
    assert answer.status_code == 200
    (sanction,) = answer.json()["sanctions"]
    assert (sanction["revoked_on"], sanction["revocation_document"]) == ("2026-04-20", "撤一号")
    assert registered.said[-1].fact == "sanction-revoked"


@pytest.mark.rule("Q7")
async def test_what_is_left_is_told_by_assessor_and_by_representative_with_the_items(
    registered: ApiStand, region: Caller
) -> None:
    await reserve(registered, NORTH, SOUTH, SOUTH, OTHER)
    own = (await region.get(f"/v1/assessors/{NORTH}/items", params={"year": "2026"})).json()
    assert (own["limit"], own["used"], own["remaining"]) == (LIMIT, 3, LIMIT - 3)
    assert [each["application_id"] for each in own["items"]] == ["app-0"]
    together = (await region.get(f"/v1/representatives/{WANG.digest}/items")).json()
    assert together["used"] == 3
    assert [each["application_id"] for each in together["items"]] == ["app-0", "app-1", "app-2"]
    assert [each["uscc"] for each in together["assessors"]] == [NORTH, SOUTH]


@pytest.mark.rule("Q7")
@pytest.mark.rule("Q3")
async def test_another_year_is_counted_by_itself(registered: ApiStand, region: Caller) -> None:
    await reserve(registered, NORTH)
    answer = (await region.get(f"/v1/assessors/{NORTH}/items", params={"year": "2027"})).json()
    assert (answer["year"], answer["used"], answer["items"]) == (2027, 0, [])


@pytest.mark.rule("S3")
@pytest.mark.usefixtures("registered")
async def test_a_sanction_shows_beside_the_sister_assessors(region: Caller) -> None:
    await region.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    answer = (await region.get(f"/v1/assessors/{SOUTH}/items")).json()
    assert {each["uscc"]: each["sanctioned_until"] for each in answer["assessors"]} == {
        NORTH: "2029-04-20",
        SOUTH: None,
    }


@pytest.mark.rule("P2")
async def test_an_assessor_sees_its_own_items_and_of_its_sisters_the_count_alone(registered: ApiStand) -> None:
    await reserve(registered, NORTH, SOUTH, OTHER)
    north = registered.as_(Role.ASSESSOR, organisation=NORTH)
    for path in (f"/v1/assessors/{NORTH}/items", f"/v1/representatives/{WANG.digest}/items"):
        shown = (await north.get(path)).json()
        assert shown["used"] == 2
        assert [each["application_id"] for each in shown["items"]] == ["app-0"]
    assert (await north.get(f"/v1/assessors/{OTHER}/items")).status_code == 403


@pytest.mark.rule("P2")
async def test_an_officer_sees_the_items_of_the_own_prefecture_alone(registered: ApiStand) -> None:
    await reserve(registered, NORTH)
    path = f"/v1/assessors/{NORTH}/items"
    there = registered.as_(Role.PREFECTURE_OFFICER, prefecture=Prefecture.CHIFENG)
    elsewhere = registered.as_(Role.PREFECTURE_OFFICER, prefecture=Prefecture.WUHAI)
    assert [each["application_id"] for each in (await there.get(path)).json()["items"]] == ["app-0"]
    shown = (await elsewhere.get(path)).json()
    assert (shown["used"], shown["items"]) == (1, [])


READERS = {
    Role.REGIONAL_OFFICER: {"read", "items", "write"},
    Role.PREFECTURE_OFFICER: {"read", "items"},
    Role.ASSESSOR: {"read", "items"},
}


@pytest.mark.rule("P1")
@pytest.mark.rule("P2")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLIC])
async def test_each_role_may_do_what_its_part_is_and_nothing_else(registered: ApiStand, role: Role) -> None:
    caller = registered.as_(role, organisation=NORTH, prefecture=Prefecture.CHIFENG)
    asked: dict[str, list[tuple[str, str, Any]]] = {
        "read": [("GET", f"/v1/assessors/{NORTH}", None)],
        "items": [
            ("GET", f"/v1/assessors/{NORTH}/items", None),
            ("GET", f"/v1/representatives/{WANG.digest}/items", None),
        ],
        "write": [
            ("POST", "/v1/assessors", registration(STEEL)),
            ("POST", f"/v1/assessors/{NORTH}/sanctions", DECISION),
            ("POST", f"/v1/assessors/{NORTH}/sanctions/revocation", {"document_number": "撤一号"}),
        ],
    }
    for part, requests in asked.items():
        for method, path, body in requests:
            answer = await caller.request(method, path, json=body)
            assert (answer.status_code == 403) is (part not in READERS.get(role, set())), (method, path)


@pytest.mark.rule("P2")
async def test_another_assessor_may_not_read_the_entry_and_the_attempt_is_recorded(registered: ApiStand) -> None:
    answer = await registered.as_(Role.ASSESSOR, organisation=OTHER).get(f"/v1/assessors/{NORTH}")
    assert (answer.status_code, answer.json()["reasons"][0]["rule"]) == (403, "P2")
    (attempt,) = registered.memory.collections["access_refusals"].values()
    assert attempt["policy"] == "assessor.read"


async def test_without_a_token_only_the_public_register_is_shown(registered: ApiStand) -> None:
    assert (await registered.anybody().get(f"/v1/assessors/{NORTH}")).status_code == 401
    assert (await registered.anybody().get("/v1/assessors")).status_code == 200


@pytest.mark.usefixtures("registered")
async def test_what_is_not_known_is_not_found(region: Caller) -> None:
    for path in (f"/v1/assessors/{STEEL}", f"/v1/assessors/{STEEL}/items", f"/v1/representatives/{'0' * 64}/items"):
        assert (await region.get(path)).status_code == 404
    assert (await region.get(f"/v1/assessors/{INVALID}")).status_code == 422


@pytest.mark.usefixtures("registered")
async def test_an_entry_carries_its_version(region: Caller) -> None:
    assert (await region.get(f"/v1/assessors/{NORTH}")).headers["ETag"] == '"1"'
    await region.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    assert (await region.get(f"/v1/assessors/{NORTH}")).headers["ETag"] == '"2"'


def test_the_interface_description_shows_every_refusal(stand: ApiStand) -> None:
    described = json.dumps(stand.app.openapi(), ensure_ascii=False)
    for code in ("assessor-already-registered", "registration-incomplete", "decision-refused", "revocation-refused"):
        assert code in described
