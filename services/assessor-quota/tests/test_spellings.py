"""An assessor, its legal representative and its documents are one in any spelling."""

from __future__ import annotations

from typing import Any

import pytest
from assessor_quota.handlers import codes
from devkit.api_harness import ApiClient, ApiHarness
from messages.applications import CodeRecorded

from .api_calls import CHANGE, PATH, registration
from .builders import NORTH, NUMBER, OTHER, TODAY

FAILING = "911501000000000192"
EIGHTEEN, FIFTEEN = "150102198001011236", "150102800101123"


def representative(number: str) -> dict[str, Any]:
    return {"representative": {"document_number": number, "name": "王某"}}


async def digest_of(caller: ApiClient, uscc: str) -> str:
    return str((await caller.get(f"/v1/assessors/{uscc}")).json()["representative"]["digest"])


@pytest.mark.rule("Q1")
@pytest.mark.parametrize(
    "spelling", [EIGHTEEN, FIFTEEN, "１５０１０２８００１０１１２３", "150102 19800101 1236", "150102-800101-123"]
)
async def test_a_person_of_fifteen_and_of_eighteen_digits_is_one(regional_officer: ApiClient, spelling: str) -> None:
    for uscc, number in ((NORTH, EIGHTEEN), (OTHER, spelling)):
        entered = await regional_officer.post("/v1/assessors", json=registration(uscc, number))
        assert entered.status_code == 201, entered.text

    assert await digest_of(regional_officer, NORTH) == await digest_of(regional_officer, OTHER)


@pytest.mark.rule("Q1")
@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("150102190001011071", "末位校验码不符"),
        ("15O102198001011236", "字母O"),
        ("150102I98001011236", "字母O、I"),
        ("150102198013011236", "出生日期不存在"),
        ("150102801301123", "出生日期不存在"),
        ("15010219800101123A", "校验码不符"),
    ],
)
async def test_a_number_with_a_typing_error_makes_no_other_person(
    regional_officer: ApiClient, number: str, text: str
) -> None:
    """15 items more came of one wrong figure."""
    refused = await regional_officer.post("/v1/assessors", json=registration(number=number))

    (reason,) = refused.json()["reasons"]
    assert (refused.status_code, reason["code"]) == (422, "document-number-invalid")
    assert text in reason["text"]
    assert number not in refused.text
    assert (await regional_officer.get(PATH)).status_code == 404


@pytest.mark.rule("S7")
@pytest.mark.parametrize("begin", ["内蒙古示例•绿色", "内蒙古 示例・绿色", "内蒙古示例·绿色(北)", "内蒙古示例·绿色"])
async def test_an_assessor_is_found_by_the_begin_of_its_name_in_any_spelling(
    regional_officer: ApiClient, begin: str
) -> None:
    await regional_officer.post("/v1/assessors", json=registration(name="内蒙古示例·绿色（北）评价有限公司"))

    found = (await regional_officer.get("/v1/assessors", params={"name": begin})).json()["items"]

    assert [each["uscc"] for each in found] == [NORTH]
    assert (await regional_officer.get("/v1/assessors", params={"name": "内蒙古示例绿色"})).json()["items"] == []


async def test_a_renamed_assessor_is_found_by_its_new_name(regional_officer: ApiClient) -> None:
    entered = await regional_officer.post("/v1/assessors", json=registration())
    await regional_officer.patch(PATH, json={"name": "北方（评价）公司"}, headers={"If-Match": entered.headers["ETag"]})

    found = (await regional_officer.get("/v1/assessors", params={"name": "北方(评价)"})).json()["items"]
    assert [each["name"] for each in found] == ["北方（评价）公司"]


async def test_an_assessor_is_looked_up_in_any_spelling_of_its_code(regional_officer: ApiClient) -> None:
    await regional_officer.post("/v1/assessors", json=registration(f" {NORTH[:8]} {NORTH[8:].lower()}"))

    assert (await regional_officer.get(f"/v1/assessors/{NORTH.lower()}")).json()["uscc"] == NORTH


@pytest.mark.rule("S1")
async def test_a_decision_is_one_in_any_spelling_of_its_number(regional_officer: ApiClient) -> None:
    await regional_officer.post("/v1/assessors", json=registration())
    decision = {"decided_on": str(TODAY), "reasons": [{"text": "造假", "evidence": "核查记录"}]}

    numbers = ("内工信罚〔2026〕1号", "内工信罚[2026] 第01号")
    first, again = [
        await regional_officer.post(f"{PATH}/sanctions", json=decision | {"document_number": each}) for each in numbers
    ]
    revoked = await regional_officer.post(
        f"{PATH}/sanctions/revocation", json={"document_number": "撤1号", "decision": "内工信罚（2026）1号"}
    )

    assert (first.status_code, again.status_code) == (201, 409)
    assert [each["code"] for each in again.json()["reasons"]] == ["decision-already-recorded"]
    assert revoked.status_code == 200


@pytest.mark.rule("S7")
async def test_an_assessor_whose_code_fails_its_check_is_registered_once_it_is_recorded(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    body = registration(FAILING)
    refused = await regional_officer.post("/v1/assessors", json=body)
    await api.perform(codes.keep_code, CodeRecorded(uscc=FAILING, document_number="1号", recorded_on=TODAY))
    taken = await regional_officer.post("/v1/assessors", json=body)

    assert (refused.status_code, refused.json()["reasons"][0]["pointer"], taken.status_code) == (422, "/uscc", 201)


@pytest.mark.rule("T1")
async def test_a_day_far_off_is_named_with_its_place(regional_officer: ApiClient) -> None:
    staff = [{"name": "赵某", "qualification": "工程师", "from": "0204-01-01", "until": "2204-01-01"}]

    refused = await regional_officer.post("/v1/assessors", json=registration(staff=staff))

    assert refused.status_code == 422
    assert [(each["code"], each["pointer"], each["evidence"]) for each in refused.json()["reasons"]] == [
        ("day-out-of-bounds", "/staff/0/since", "0204-01-01"),
        ("day-out-of-bounds", "/staff/0/until", "2204-01-01"),
    ]


@pytest.mark.rule("Q1")
async def test_a_change_to_a_mistyped_person_is_refused(regional_officer: ApiClient) -> None:
    await regional_officer.post("/v1/assessors", json=registration())
    wrong = CHANGE | representative(NUMBER[:-1] + "0")

    assert (await regional_officer.post(f"{PATH}/representative", json=wrong)).status_code == 422
