from __future__ import annotations

from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from messages.registry import UnitRemoved

from services.registry.tests.api_calls import REMOVAL
from services.registry.tests.builders import SOLAR, STEEL


@pytest.mark.rule("B1")
async def test_a_decision_of_an_earlier_year_bars_the_unit_until_its_third_year_is_over(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    answer = await regional_officer.post("/v1/removals", json=REMOVAL)

    async def check(on: str) -> tuple[bool, str | None]:
        found = (await api.anonymous().get(f"/v1/bans?uscc={SOLAR}&on={on}")).json()
        return found["barred"], found["until"]

    assert (answer.status_code, answer.json()["effect"]) == (201, "earlier_year")
    assert [type(event) for event in api.events] == [UnitRemoved]
    assert await check("2026-01-05") == (True, "2027-11-20")
    assert await check("2027-11-20") == (True, "2027-11-20")
    assert await check("2027-11-21") == (False, None)


@pytest.mark.rule("B1")
async def test_the_ban_check_names_decision_and_article(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    await regional_officer.post("/v1/removals", json=REMOVAL)

    (ban,) = (await api.anonymous().get(f"/v1/bans?uscc={SOLAR}")).json()["bans"]

    assert (ban["document_number"], ban["ground"], ban["article"]) == ("内工信字〔2024〕7号", "D5", "第二十四条")


async def test_an_unknown_organisation_is_free_and_a_malformed_code_is_refused(api: ApiHarness[Any]) -> None:
    free = await api.anonymous().get(f"/v1/bans?uscc={STEEL}")
    wrong = await api.anonymous().get("/v1/bans?uscc=911501000000000192")

    assert (free.json()["barred"], free.json()["on"]) == (False, "2026-09-10")
    assert wrong.status_code == 422


async def test_every_wrong_field_of_a_removal_is_named_at_once(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    body = {"unit": {**REMOVAL["unit"], "uscc": "1"}, "ground": "D9", "document_number": " ", "surplus": 1}  # type: ignore[dict-item]

    answer = await regional_officer.post("/v1/removals", json=body)

    assert answer.status_code == 422
    assert {reason["pointer"] for reason in answer.json()["reasons"]} == {
        "/unit/uscc",
        "/ground",
        "/document_number",
        "/decided_on",
        "/surplus",
    }
    assert api.events == []


async def test_recorded_removals_are_listed_and_shown(regional_officer: ApiClient) -> None:
    recorded = (await regional_officer.post("/v1/removals", json=REMOVAL)).json()

    listed = (await regional_officer.get("/v1/removals?year=2024")).json()["items"]
    shown = await regional_officer.get(f"/v1/removals/{recorded['removal_id']}")

    assert listed == [recorded] == [shown.json()]
    assert (await regional_officer.get("/v1/removals?year=2025")).json()["items"] == []
