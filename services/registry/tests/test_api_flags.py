from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import Role
from registry.api import router
from registry.handlers import assessors, cases
from registry.jobs import JOBS
from registry.store import AGGREGATES, INDEXES, Store

from services.registry.tests.api_calls import announce, close_list
from services.registry.tests.builders import (
    ANNOUNCING,
    ASSESSOR,
    CLOSING,
    DAIRY,
    DOCUMENT,
    STEEL,
    at,
    case_cleared,
    sanction,
    unit,
)

FLAG = {
    "assessor": ASSESSOR.model_dump(),
    "document_number": "通报1号",
    "flagged_on": str(ANNOUNCING),
    "lifted_on": None,
}


@pytest.fixture
async def api(clock: FixedClock) -> AsyncIterator[ApiHarness[Any]]:
    """Two titles, one of them flagged."""
    async with api_harness("registry", router, Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock) as api:
        await api.perform(cases.add_line, case_cleared("app-1", unit(STEEL), assessor=ASSESSOR))
        await api.perform(cases.add_line, case_cleared("app-2", unit(DAIRY)))
        regional_officer = api.client_as(Role.REGIONAL_OFFICER)
        await close_list(api, regional_officer)
        clock.move_to(at(ANNOUNCING))
        await announce(api, regional_officer, DOCUMENT)
        await api.perform(assessors.record_sanction, sanction(ANNOUNCING))
        await api.run_jobs(JOBS)
        yield api


@pytest.fixture
def callers(  # noqa: PLR0913 - one fixture for each caller
    api: ApiHarness[Any],
    *,
    applicant: ApiClient,
    other_applicant: ApiClient,
    officer: ApiClient,
    other_prefecture_officer: ApiClient,
    regional_officer: ApiClient,
) -> dict[str, ApiClient]:
    return {
        "region": regional_officer,
        "here": officer,
        "elsewhere": other_prefecture_officer,
        "the unit": applicant,
        "another unit": other_applicant,
        "the assessor": api.client_as(Role.ASSESSOR, organisation=ASSESSOR.uscc),
        "anybody": api.anonymous(),
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
    callers: dict[str, ApiClient], who: str, flags: object
) -> None:
    caller = callers[who]
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
    callers: dict[str, ApiClient], who: str, flagged: str, seen: object
) -> None:
    answer = await callers[who].get(f"/v1/units?flagged={flagged}")

    assert [each["uscc"] for each in answer.json()["items"]] == seen


@pytest.mark.rule("P2", "N4")
@pytest.mark.parametrize("who", ["anybody", "the assessor"])
async def test_who_is_flagged_is_not_public(callers: dict[str, ApiClient], who: str) -> None:
    answer = await callers[who].get("/v1/units?flagged=true")

    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


@pytest.mark.rule("S2", "R1")
async def test_what_is_flagged_is_asked_of_today_only(callers: dict[str, ApiClient]) -> None:
    region = callers["region"]

    answer = await region.get(f"/v1/units?flagged=true&as_of={CLOSING}")
    before = (await region.get(f"/v1/units/{STEEL}?as_of={ANNOUNCING}")).json()

    assert (answer.status_code, answer.json()["code"]) == (422, "flagged-is-of-today")
    assert before["titles"][0]["flags"] == [FLAG]
