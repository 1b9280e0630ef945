from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from chassis.clock import FixedClock
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from messages.values import Role
from registry.api import router
from registry.handlers import assessors, cases
from registry.jobs import assessors_with_pending_flags
from registry.store import AGGREGATES, INDEXES, Store

from services.registry.tests.kit import (
    ANNOUNCING,
    ASSESSOR,
    CLOSING,
    DAIRY,
    DOCUMENT,
    STEEL,
    at,
    cleared,
    sanction,
    unit,
)

HERE, ELSEWHERE = "150100", "150200"
FLAG = {
    "assessor": ASSESSOR.model_dump(),
    "document_number": "通报1号",
    "flagged_on": str(ANNOUNCING),
    "lifted_on": None,
}


@pytest.fixture
async def stand() -> AsyncIterator[ApiHarness[Any]]:
    clock = FixedClock(at(CLOSING))
    async with api_harness("registry", router(), Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock) as stand:
        await stand.perform(cases.add_line, cleared("app-1", unit(STEEL), assessor=ASSESSOR))
        await stand.perform(cases.add_line, cleared("app-2", unit(DAIRY)))
        region = stand.client_as(Role.REGIONAL_OFFICER)
        await region.post("/v1/lists/2026/close")
        clock.move_to(at(ANNOUNCING))
        await region.post("/v1/lists/2026/announce", json={"document_number": DOCUMENT})
        await stand.perform(assessors.record_sanction, sanction(ANNOUNCING))
        for item in await assessors_with_pending_flags(stand.store(), at(ANNOUNCING)):
            await stand.perform(assessors.update_flags, item)
        yield stand


def callers(stand: ApiHarness[Any]) -> dict[str, ApiClient]:
    return {
        "region": stand.client_as(Role.REGIONAL_OFFICER),
        "here": stand.client_as(Role.PREFECTURE_OFFICER, prefecture=HERE),
        "elsewhere": stand.client_as(Role.PREFECTURE_OFFICER, prefecture=ELSEWHERE),
        "the unit": stand.client_as(Role.APPLICANT, organisation=STEEL),
        "another unit": stand.client_as(Role.APPLICANT, organisation=DAIRY),
        "the assessor": stand.client_as(Role.ASSESSOR, organisation=ASSESSOR.uscc),
        "anybody": stand.anonymous(),
    }


@pytest.mark.rule("S2", "P2")
@pytest.mark.parametrize(
    ("who", "flags"),
    [
        ("region", [FLAG]),
        ("here", [FLAG]),
        ("the unit", [FLAG]),
        ("elsewhere", None),
        ("another unit", None),
        ("the assessor", None),
        ("anybody", None),
    ],
)
async def test_the_entry_shows_the_flag_to_those_concerned_only(
    stand: ApiHarness[Any], who: str, flags: object
) -> None:
    caller = callers(stand)[who]
    entry = (await caller.get(f"/v1/units/{STEEL}")).json()
    lines = (await caller.get("/v1/units")).json()["items"]

    assert [each["flags"] for each in entry["titles"]] == [flags]
    assert [each["flags"] for each in lines if each["uscc"] == STEEL] == [flags]


@pytest.mark.rule("S2", "P2")
@pytest.mark.parametrize(
    ("who", "flagged", "seen"),
    [
        ("region", "true", [STEEL]),
        ("region", "false", [DAIRY]),
        ("here", "true", [STEEL]),
        ("elsewhere", "true", []),
        ("the unit", "true", [STEEL]),
        ("another unit", "true", []),
    ],
)
async def test_the_list_can_be_asked_for_what_is_flagged(
    stand: ApiHarness[Any], who: str, flagged: str, seen: object
) -> None:
    answer = await callers(stand)[who].get(f"/v1/units?flagged={flagged}")

    assert [each["uscc"] for each in answer.json()["items"]] == seen


@pytest.mark.rule("P2", "N4")
@pytest.mark.parametrize("who", ["anybody", "the assessor"])
async def test_who_is_flagged_is_not_public(stand: ApiHarness[Any], who: str) -> None:
    answer = await callers(stand)[who].get("/v1/units?flagged=true")

    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


@pytest.mark.rule("S2", "R1")
async def test_what_is_flagged_is_asked_of_today_only(stand: ApiHarness[Any]) -> None:
    region = callers(stand)["region"]

    answer = await region.get(f"/v1/units?flagged=true&as_of={CLOSING}")
    before = (await region.get(f"/v1/units/{STEEL}?as_of={ANNOUNCING}")).json()

    assert (answer.status_code, answer.json()["code"]) == (422, "flagged-is-of-today")
    assert before["titles"][0]["flags"] == [FLAG]
