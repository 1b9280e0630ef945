from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from devkit.clock import FixedClock
from messages.values import UnitType
from registry.handlers import cases

from services.registry.tests.api_calls import REMOVAL, announce, announce_list, close_list
from services.registry.tests.builders import CLOSING, DAIRY, SOLAR, STEEL, at, case_cleared, unit


@pytest.mark.rule("R1")
async def test_the_register_answers_as_of_a_past_day(
    api: ApiHarness[Any], regional_officer: ApiClient, clock: FixedClock
) -> None:
    await announce_list(api, regional_officer)
    clock.move_to(at(date(2027, 3, 1)))
    removal = REMOVAL | {"unit": unit(STEEL).model_dump(mode="json"), "decided_on": "2027-02-20"}
    assert (await regional_officer.post("/v1/removals", json=removal)).status_code == 201

    async def listed_on(day: str) -> list[str]:
        answer = await api.anonymous().get(f"/v1/units?as_of={day}&prefecture=150100&unit_type=factory&level=region")
        return sorted(each["uscc"] for each in answer.json()["items"])

    assert await listed_on("2026-09-09") == []
    assert await listed_on("2026-09-10") == [STEEL, DAIRY]
    assert await listed_on("2027-02-28") == [STEEL, DAIRY]
    assert await listed_on("2027-03-01") == [DAIRY]
    assert (await api.anonymous().get("/v1/units?as_of=2027-03-02")).status_code == 422


@pytest.mark.rule("R1")
async def test_the_titles_are_filtered_and_paged(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    await announce_list(api, regional_officer)

    first = (await api.anonymous().get("/v1/units?limit=1")).json()
    second = (await api.anonymous().get(f"/v1/units?limit=1&after={first['next']}")).json()

    assert [first["items"][0]["uscc"], second["items"][0]["uscc"]] == [STEEL, DAIRY]
    assert second["next"] is None
    for question in ("prefecture=150200", "unit_type=park", "level=nation"):
        assert (await api.anonymous().get(f"/v1/units?{question}")).json()["items"] == []


@pytest.mark.rule("R1")
async def test_one_unit_is_shown_with_titles_and_removals(
    api: ApiHarness[Any], regional_officer: ApiClient, clock: FixedClock
) -> None:
    await announce_list(api, regional_officer)
    clock.move_to(at(date(2027, 3, 1)))
    await regional_officer.post(
        "/v1/removals", json=REMOVAL | {"unit": unit(STEEL).model_dump(mode="json"), "decided_on": "2027-02-20"}
    )

    now = (await api.anonymous().get(f"/v1/units/{STEEL}")).json()
    then = (await api.anonymous().get(f"/v1/units/{STEEL}?as_of=2026-12-31")).json()

    assert (now["titles"], [each["until"] for each in now["former_titles"]]) == ([], ["2027-03-01"])
    assert now["removals"][0]["ban"] == {"first_day": "2027-02-20", "last_day": "2030-02-20"}
    assert (len(then["titles"]), then["former_titles"], then["removals"]) == (1, [], [])
    assert (await api.anonymous().get(f"/v1/units/{STEEL}?as_of=2026-01-01")).status_code == 404
    assert (await api.anonymous().get(f"/v1/units/{SOLAR}")).status_code == 404


@pytest.mark.rule("R1")
async def test_a_park_is_found_by_the_code_of_its_body_and_its_first_name(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    park = unit(SOLAR, kind=UnitType.PARK, park="示例工业园区")
    await regional_officer.post("/v1/removals", json=REMOVAL | {"unit": park.model_dump(mode="json")})

    answer = await api.anonymous().get(f"/v1/units/{park.key}")

    assert (answer.status_code, answer.json()["unit_key"]) == (200, f"{SOLAR}/示例工业园区")


@pytest.mark.rule("R1")
async def test_a_name_put_forward_for_another_title_is_shown_as_pending(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await announce_list(api, regional_officer)
    other = unit(STEEL, name="示例钢铁集团有限公司", kind=UnitType.SUPPLY_CHAIN)
    await api.perform(cases.add_line, case_cleared("app-3", other))
    await close_list(api, regional_officer)
    await announce(api, regional_officer, "补充1号")

    shown = (await api.anonymous().get(f"/v1/units/{STEEL}")).json()
    titles = (await api.anonymous().get("/v1/units")).json()["items"]

    pending = {"name": "示例钢铁集团有限公司", "shown_from": str(CLOSING)}
    assert (shown["name"], shown["pending_name"]) == ("示例钢铁有限公司", pending)
    assert [each["pending_name"] for each in titles if each["uscc"] == STEEL] == [pending, pending]
    assert [each["pending_name"] for each in titles if each["uscc"] == DAIRY] == [None]


@pytest.mark.rule("R1")
async def test_a_park_is_found_however_its_name_is_written(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    park = unit(SOLAR, kind=UnitType.PARK, park="示例 工业园区（一期）")
    await regional_officer.post("/v1/removals", json=REMOVAL | {"unit": park.model_dump(mode="json")})

    assert (await api.anonymous().get(f"/v1/units/{SOLAR}/示例工业园区（一期）")).status_code == 200


@pytest.mark.rule("R1")
async def test_a_day_to_come_and_a_flag_of_another_day_are_refused_with_rule_and_article(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    to_come = (await api.anonymous().get("/v1/units?as_of=2026-09-11")).json()
    flagged = (await regional_officer.get("/v1/units?as_of=2026-09-10&flagged=true")).json()

    refusals = [
        (each["code"], each["reasons"][0]["rule"], each["reasons"][0]["article"]) for each in (to_come, flagged)
    ]
    assert refusals == [("as-of-in-the-future", "R1", "第五条"), ("flagged-is-of-today", "S2", "第三十一条")]


async def test_a_malformed_question_is_refused_with_rule_and_article(api: ApiHarness[Any]) -> None:
    (why,) = (await api.anonymous().get("/v1/units?as_of=yesterday")).json()["reasons"]

    assert (why["rule"], why["article"]) == ("R1", "第五条")


@pytest.mark.rule("R1")
@pytest.mark.parametrize(("collection", "field"), [("listings", "listed_on"), ("units", "names")])
async def test_title_that_cannot_be_read_is_named_and_hides_no_other(
    api: ApiHarness[Any], regional_officer: ApiClient, collection: str, field: str
) -> None:
    await announce_list(api, regional_officer)
    documents = api.memory.collections[collection]
    broken = next(key for key, each in documents.items() if each["uscc"] == STEEL)
    assert field in documents[broken]
    documents[broken][field] = "?"

    shown = await api.anonymous().get("/v1/units")

    assert shown.status_code == 200
    assert [each["uscc"] for each in shown.json()["items"]] == [DAIRY]
    assert shown.json()["unreadable"] == [broken]
