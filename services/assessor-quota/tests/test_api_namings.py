"""The assessor's own word over HTTP: many at once, by nobody else, and told to nobody else (Q5, P2)."""

from __future__ import annotations

from typing import Any

import pytest
from assessor_quota.handlers.items import reserve_item
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Role

from .api_calls import PATH, reasons
from .builders import LIMIT, NORTH, OTHER, SOUTH, STEEL, submitted
from .words import REASON

CONFIRM, DENY = f"{PATH}/namings/confirmations", f"{PATH}/namings/denials"


@pytest.fixture
def north(api_with_assessors: ApiHarness[Any]) -> ApiClient:
    return api_with_assessors.client_as(Role.ASSESSOR, organisation=NORTH)


def body(*application_ids: str, unit: str = STEEL) -> dict[str, Any]:
    return {"namings": [{"application_id": each, "unit_uscc": unit} for each in application_ids]}


@pytest.mark.rule("Q5")
async def test_all_items_of_a_year_are_confirmed_in_one_command_and_reserved(
    api_with_assessors: ApiHarness[Any], north: ApiClient
) -> None:
    names = [f"app-{number}" for number in range(LIMIT)]
    for each in names:
        await api_with_assessors.perform(reserve_item, submitted(each))
    waiting = (await north.get("/v1/items", params={"state": "awaiting"})).json()["items"]
    assert [each["application_id"] for each in waiting] == sorted(names)
    assert {each["answer_by"] for each in waiting} == {"2026-04-27"}

    answer = await north.post(CONFIRM, json=body(*names))

    assert answer.status_code == 200, answer.text
    assert [each["state"] for each in answer.json()["namings"]] == ["reserved"] * LIMIT
    assert (await north.get(f"{PATH}/items")).json()["used"] == LIMIT
    assert (await north.get("/v1/items", params={"state": "awaiting"})).json()["items"] == []


@pytest.mark.rule("Q5")
@pytest.mark.rule("A4")
async def test_the_same_confirmation_sent_twice_is_one_effect(
    api_with_assessors: ApiHarness[Any], north: ApiClient
) -> None:
    await api_with_assessors.perform(reserve_item, submitted())
    first = await north.post(CONFIRM, json=body("app-1"), key="once")
    again = await north.post(CONFIRM, json=body("app-1"), key="once")
    assert first.json() == again.json()
    assert (await north.get(f"{PATH}/items")).json()["used"] == 1


@pytest.mark.rule("Q5")
async def test_every_row_of_another_unit_is_named_and_nothing_is_confirmed(
    api_with_assessors: ApiHarness[Any], north: ApiClient
) -> None:
    for each in ("app-1", "app-2"):
        await api_with_assessors.perform(reserve_item, submitted(each))

    answer = await north.post(CONFIRM, json=body("app-1", "app-2", unit=SOUTH))

    assert (answer.status_code, answer.json()["code"]) == (422, "naming-refused")
    assert reasons(answer) == [
        ("Q5", "unit-differs", "/namings/0/unit_uscc"),
        ("Q5", "unit-differs", "/namings/1/unit_uscc"),
    ]
    assert (await north.get(f"{PATH}/namings")).json()["items"] == []


@pytest.mark.rule("Q5")
async def test_who_is_named_falsely_says_so_and_the_place_comes_back(
    api_with_assessors: ApiHarness[Any], north: ApiClient
) -> None:
    await north.post(CONFIRM, json=body("app-1"))
    await api_with_assessors.perform(reserve_item, submitted())
    assert (await north.get(f"{PATH}/items")).json()["used"] == 1

    answer = await north.post(DENY, json={"application_id": "app-1", "reason": REASON})

    assert (answer.status_code, answer.json()["state"]) == (200, "released")
    assert (await north.get(f"{PATH}/items")).json()["used"] == 0
    (word,) = (await north.get(f"{PATH}/namings")).json()["items"]
    assert (word["word"], word["reason"]) == ("denied", REASON)


@pytest.mark.rule("P2")
async def test_a_word_on_anothers_application_tells_nothing_and_shows_no_others_word(
    api_with_assessors: ApiHarness[Any], north: ApiClient
) -> None:
    """South is named and has confirmed; North learns no more of it than of an application that is not there."""
    south = api_with_assessors.client_as(Role.ASSESSOR, organisation=SOUTH)
    await south.post(f"/v1/assessors/{SOUTH}/namings/confirmations", json=body("app-1"))
    await api_with_assessors.perform(reserve_item, submitted(by=SOUTH))

    answers = [(await north.post(CONFIRM, json=body(each))).json()["namings"][0] for each in ("app-1", "absent")]
    assert [each["state"] for each in answers] == [None, None]
    denials = [await south.post(f"/v1/assessors/{OTHER}/namings/denials", json={"application_id": "x", "reason": "x"})]
    assert [each.status_code for each in denials] == [403]
    own = (await north.get(f"{PATH}/namings")).json()["items"]
    assert [(each["application_id"], each["word"]) for each in own] == [("absent", "confirmed"), ("app-1", "confirmed")]
    assert (await south.get("/v1/items/app-1")).json()["state"] == "reserved"


@pytest.mark.rule("Q5")
@pytest.mark.parametrize(
    "wrong", [{"namings": []}, body("app 1"), body("app-1", unit="1"), body(*(f"app-{at}" for at in range(101)))]
)
async def test_a_malformed_confirmation_is_refused(north: ApiClient, wrong: dict[str, Any]) -> None:
    assert (await north.post(CONFIRM, json=wrong)).status_code == 422
