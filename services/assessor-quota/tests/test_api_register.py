from __future__ import annotations

from typing import Any

import pytest
from assessor_quota.api import router
from chassis.http.app import create_app
from chassis.http.conditional import version_in
from chassis.security import KeyRing
from chassis.settings import MIB
from devkit.api_harness import ApiClient, ApiHarness
from httpx2 import ASGITransport, AsyncClient
from messages.values import Role

from .api_calls import CHANGE, DECISION, OTHER_NUMBER, PATH, reasons, registration, reserve, version
from .builders import NORTH, NUMBER, OTHER, SOUTH, WANG

INVALID = "9115010000000001"


@pytest.mark.rule("S7")
async def test_a_registration_answers_with_everything_entered_and_the_number_masked(
    regional_officer: ApiClient,
) -> None:
    answer = await regional_officer.post("/v1/assessors", json=registration())
    assert answer.status_code == 201
    assert answer.json()["representative"] == {"digest": WANG.digest, "masked": WANG.masked}
    assert answer.json()["staff"] == [
        {"staff_id": "S1", "name": "赵某", "qualification": "注册环保工程师", "from": "2024-01-01", "until": None}
    ]


@pytest.mark.rule("S7")
@pytest.mark.rule("Q4")
async def test_no_document_number_is_in_anything_that_is_kept_said_logged_or_answered(
    api: ApiHarness[Any],
    regional_officer: ApiClient,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    wrong = {**CHANGE, "changed_on": "2026-05-01"}
    answers = [
        await regional_officer.post("/v1/assessors", json=registration()),
        await regional_officer.post("/v1/assessors", json=registration(scope=["ship"])),
        await regional_officer.post(f"{PATH}/representative", json=wrong),
        await regional_officer.post(f"{PATH}/representative", json=CHANGE),
        await regional_officer.get(PATH),
        await regional_officer.get(f"{PATH}/history"),
    ]
    assert [each.status_code for each in answers] == [201, 422, 409, 200, 200, 200]
    told = "".join(each.text for each in answers) + caplog.text + "".join(capfd.readouterr())
    kept = repr(api.memory.collections) + repr(api.memory.outbox) + repr(api.events)
    for number in (NUMBER, OTHER_NUMBER):
        assert number not in kept + told
        assert number[6:14] not in kept + told


@pytest.mark.rule("S7")
async def test_a_wrong_registration_is_refused_with_every_field_that_is_wrong(regional_officer: ApiClient) -> None:
    wrong = registration(uscc=INVALID, name="", scope=["ship"])
    answer = await regional_officer.post("/v1/assessors", json=wrong)
    assert answer.status_code == 422
    assert reasons(answer) == [
        ("S7", "uscc-invalid", "/uscc"),
        ("S7", "string-too-short", "/name"),
        ("S7", "enum", "/scope/0"),
    ]
    assert {each["article"] for each in answer.json()["reasons"]} == {"第二十七条、第二十八条"}


@pytest.mark.rule("S7")
async def test_a_number_that_is_none_is_refused_without_being_repeated(regional_officer: ApiClient) -> None:
    answer = await regional_officer.post("/v1/assessors", json=registration(number="王某的身份证"))
    assert answer.status_code == 422
    assert reasons(answer) == [("S7", "document-number-invalid", "/representative/document_number")]
    assert "身份证" not in answer.text


@pytest.mark.rule("S7")
async def test_a_registration_without_scope_and_staff_names_both(regional_officer: ApiClient) -> None:
    answer = await regional_officer.post("/v1/assessors", json=registration(scope=[], staff=[]))
    assert answer.status_code == 422
    assert reasons(answer) == [("S7", "scope-missing", "/scope"), ("S7", "staff-missing", "/staff")]


async def test_the_same_key_registers_once_and_gets_the_same_answer(
    regional_officer: ApiClient, api: ApiHarness[Any]
) -> None:
    first = await regional_officer.post("/v1/assessors", json=registration(), key="k-1")
    again = await regional_officer.post("/v1/assessors", json=registration(), key="k-1")
    assert again.json() == first.json()
    assert len(api.events) == 1
    other = await regional_officer.post("/v1/assessors", json=registration(SOUTH), key="k-1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


async def test_an_assessor_is_registered_once(api_with_assessors: ApiHarness[Any], regional_officer: ApiClient) -> None:
    answer = await regional_officer.post("/v1/assessors", json=registration())
    assert (answer.status_code, answer.json()["code"]) == (409, "assessor-already-registered")
    assert len(api_with_assessors.events) == 3


@pytest.mark.usefixtures("api_with_assessors")
async def test_an_entry_carries_its_version(regional_officer: ApiClient) -> None:
    assert version_in((await regional_officer.get(f"/v1/assessors/{NORTH}")).headers["ETag"]) == 1
    await regional_officer.post(f"/v1/assessors/{NORTH}/sanctions", json=DECISION)
    assert version_in((await regional_officer.get(f"/v1/assessors/{NORTH}")).headers["ETag"]) == 2


@pytest.mark.rule("S7")
async def test_an_entry_is_amended_under_the_version_that_was_read(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    leaving = {"staff": {"end": [{"staff_id": "S1", "until": "2026-04-30"}], "add": [newcomer()]}}
    answer = await regional_officer.patch(
        PATH, json={"name": "新名称", **leaving}, headers=await version(regional_officer)
    )
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.json()["name"] == "新名称"
    assert [(each["staff_id"], each["until"]) for each in answer.json()["staff"]] == [
        ("S1", "2026-04-30"),
        ("S2", None),
    ]
    assert api_with_assessors.events[-1].fact == "amended"


def newcomer() -> dict[str, str]:
    return {"name": "孙某", "qualification": "工程师", "from": "2026-05-01"}


@pytest.mark.rule("S7")
@pytest.mark.usefixtures("api_with_assessors")
async def test_an_amendment_names_its_version_and_a_stale_one_is_refused(regional_officer: ApiClient) -> None:
    stale = await version(regional_officer)
    assert (await regional_officer.patch(PATH, json={"name": "新名称"}, headers=stale)).status_code == 200
    for headers, status, code in (
        ({}, 428, "if-match-missing"),
        ({"If-Match": "W/3"}, 400, "if-match-invalid"),
        (stale, 412, "version-stale"),
    ):
        answer = await regional_officer.patch(PATH, json={"name": "又一名称"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert reasons(answer) == [("S7", code, None)]
        assert answer.json()["reasons"][0]["article"] == "第二十七条、第二十八条"


@pytest.mark.rule("S7")
@pytest.mark.usefixtures("api_with_assessors")
async def test_an_amendment_is_refused_with_every_problem_at_once(regional_officer: ApiClient) -> None:
    staff = {"end": [{"staff_id": "S9", "until": "2026-04-30"}], "add": [{**newcomer(), "staff_id": "S1"}]}
    answer = await regional_officer.patch(
        PATH, json={"scope": [], "staff": staff}, headers=await version(regional_officer)
    )
    assert answer.status_code == 422
    assert reasons(answer) == [
        ("S7", "scope-missing", "/scope"),
        ("S7", "staff-unknown", "/staff/end/0/staff_id"),
        ("S7", "staff-id-repeated", "/staff/add/0/staff_id"),
    ]
    nothing = await regional_officer.patch(PATH, json={"name": "评价机构501"}, headers=await version(regional_officer))
    assert (nothing.status_code, reasons(nothing)) == (422, [("S7", "nothing-changed", None)])


@pytest.mark.rule("Q4")
async def test_a_change_of_the_legal_representative_answers_with_both_and_carries_the_items(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await reserve(api_with_assessors, NORTH, SOUTH, OTHER)
    answer = await regional_officer.post(f"{PATH}/representative", json=CHANGE)
    assert answer.status_code == 200
    assert answer.json()["representative_name"] == "李某"
    (former,) = answer.json()["former"]
    assert (former["person"]["digest"], former["replaced_on"]) == (WANG.digest, "2026-04-20")
    counts = {}
    for uscc in (NORTH, SOUTH):
        counts[uscc] = (await regional_officer.get(f"/v1/assessors/{uscc}/items")).json()["used"]
    assert counts == {NORTH: 2, SOUTH: 2}


@pytest.mark.rule("Q4")
@pytest.mark.usefixtures("api_with_assessors")
async def test_a_change_that_overlaps_or_changes_nobody_is_refused_with_all_that_is_wrong(
    regional_officer: ApiClient,
) -> None:
    assert (await regional_officer.post(f"{PATH}/representative", json=CHANGE)).status_code == 200
    again = await regional_officer.post(f"{PATH}/representative", json={**CHANGE, "document_number": "变更二号"})
    assert again.status_code == 409
    assert reasons(again) == [
        ("Q4", "periods-overlap", "/changed_on"),
        ("Q4", "same-representative", "/representative/document_number"),
    ]
    nobody = {**CHANGE, "representative": {"document_number": "李某的身份证", "name": "李某"}}
    wrong = await regional_officer.post(f"{PATH}/representative", json=nobody)
    assert (wrong.status_code, reasons(wrong)[0][:2]) == (422, ("Q4", "document-number-invalid"))
    assert "身份证" not in wrong.text


@pytest.mark.rule("S7")
async def test_a_registration_that_ended_may_be_restored_by_another_document(
    api_with_assessors: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    ended = await regional_officer.post(f"{PATH}/deregistration", json={"document_number": "终止一号"})
    assert ended.json()["deregistered"] == {"since": "2026-04-20", "document_number": "终止一号"}
    again = await regional_officer.post(f"{PATH}/deregistration", json={"document_number": "终止二号"})
    assert (again.status_code, reasons(again)) == (409, [("S7", "deregistered-already", None)])
    shown = (await api_with_assessors.anonymous().get("/v1/assessors")).json()["items"][0]
    assert shown["deregistered"]["since"] == "2026-04-20"
    restored = await regional_officer.post(f"{PATH}/deregistration/reversal", json={"document_number": "恢复一号"})
    assert restored.json()["deregistered"] is None
    twice = await regional_officer.post(f"{PATH}/deregistration/reversal", json={"document_number": "恢复二号"})
    assert (twice.status_code, reasons(twice)) == (409, [("S7", "not-deregistered", None)])


@pytest.mark.rule("Q1")
async def test_a_person_known_under_an_older_key_keeps_the_digest_also_where_the_new_key_is_not_yet(
    api_with_assessors: ApiHarness[Any],
) -> None:
    older, newer = KeyRing("k1", {"k1": bytes(32)}), KeyRing("k2", {"k2": bytes(range(32)), "k1": bytes(32)})
    assert (
        await digest_after_change(api_with_assessors, newer, NORTH, OTHER_NUMBER) == older.identify(OTHER_NUMBER).digest
    )
    first_seen = "150102199901012220"
    under_newer = newer.identify(first_seen).digest
    assert await digest_after_change(api_with_assessors, newer, SOUTH, first_seen) == under_newer
    assert await digest_after_change(api_with_assessors, older, OTHER, first_seen) == under_newer


async def digest_after_change(api: ApiHarness[Any], keys: KeyRing, uscc: str, number: str) -> str:
    """Change the representative through a process that has these keys; return the digest of the new one."""
    app = create_app(
        "assessor-quota",
        api.api,
        router,
        metrics=api.api.metrics,
        body_max=MIB,
        state={"keys": keys},
    )
    async with AsyncClient(transport=ASGITransport(app), base_url="http://green.invalid") as client:
        regional_officer = ApiClient(client, api.issuer.mint(role=Role.REGIONAL_OFFICER))
        change = {**CHANGE, "representative": {"document_number": number, "name": "某"}}
        answer = await regional_officer.post(f"/v1/assessors/{uscc}/representative", json=change)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["representative"]["digest"])
