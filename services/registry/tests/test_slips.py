"""A slip has a way back: removals that meet no title, codes that fail their check, units in another spelling."""

from __future__ import annotations

from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from messages.applications import CodeRecorded
from messages.values import UnitType
from registry.handlers import cases, codes

from services.registry.tests.api_calls import announce_list
from services.registry.tests.builders import CLOSING, DAIRY, SOLAR, STEEL, case_cleared, unit

FAILING = "911501000000000192"
PARK = unit(SOLAR, kind=UnitType.PARK, park="示例·河套工业园区")


@pytest.fixture
async def listed(api: ApiHarness[Any], regional_officer: ApiClient) -> ApiHarness[Any]:
    """Steel and Dairy are listed, and a park of Solar."""
    await api.perform(cases.add_line, case_cleared("app-3", PARK))
    await announce_list(api, regional_officer)
    return api


def removal(**changes: object) -> dict[str, object]:
    body = {
        "unit": PARK.model_dump(mode="json"),
        "ground": "D5",
        "document_number": "移1号",
        "decided_on": str(CLOSING),
    }
    return body | changes


def park(name: str) -> dict[str, Any]:
    return PARK.model_dump(mode="json") | {"park_name": name}


@pytest.mark.rule("D5")
async def test_a_park_written_with_another_dot_loses_its_own_title(
    listed: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    answer = await regional_officer.post("/v1/removals", json=removal(unit=park("示例•河套 工业园区")))

    shown = (await listed.anonymous().get(f"/v1/units/{PARK.key}")).json()
    assert answer.status_code == 201
    assert (shown["titles"], len(shown["former_titles"])) == ([], 1)
    assert len((await listed.anonymous().get("/v1/units?unit_type=park")).json()["items"]) == 0


@pytest.mark.rule("D5")
@pytest.mark.parametrize(
    "slip",
    [
        {"unit": park("示例·河涛工业园区")},
        {"unit": PARK.model_dump(mode="json") | {"unit_type": "factory", "park_name": None}},
        {"levels": ["nation"]},
        {"ground": "D1", "unit": PARK.model_dump(mode="json") | {"unit_type": "supply_chain", "park_name": None}},
    ],
)
async def test_a_removal_that_meets_no_title_is_refused_and_names_those_that_stand(
    listed: ApiHarness[Any], regional_officer: ApiClient, slip: dict[str, Any]
) -> None:
    answer = await regional_officer.post("/v1/removals", json=removal(**slip))

    (reason,) = answer.json()["reasons"]
    assert (answer.status_code, reason["code"]) == (409, "no-title-held")
    assert "“示例光伏有限公司”（绿色园区，自治区级）" in reason["text"]
    assert len((await listed.anonymous().get(f"/v1/units/{PARK.key}")).json()["titles"]) == 1
    assert not (await listed.anonymous().get(f"/v1/bans?uscc={SOLAR}")).json()["barred"]


@pytest.mark.rule("D5")
async def test_a_title_from_before_the_register_is_removed_expressly(regional_officer: ApiClient) -> None:
    unlisted = unit("911504000000000431").model_dump(mode="json")

    refused = await regional_officer.post("/v1/removals", json=removal(unit=unlisted))
    taken = await regional_officer.post("/v1/removals", json=removal(unit=unlisted, historic=True))

    assert (refused.status_code, taken.status_code) == (409, 201)
    assert "没有称号" in refused.json()["reasons"][0]["text"]
    assert taken.json()["historic"]


@pytest.mark.rule("R1")
async def test_a_unit_is_looked_up_in_any_spelling(listed: ApiHarness[Any]) -> None:
    public = listed.anonymous()
    for path in (STEEL.lower(), f"{SOLAR}/示例•河套工业园区", f"{SOLAR}/示例・河套 工业园区"):
        assert (await public.get(f"/v1/units/{path}")).status_code == 200
    assert (await public.get(f"/v1/bans?uscc={DAIRY.lower()}")).json()["uscc"] == DAIRY


async def test_a_mistyped_code_is_never_told_free_of_bans(api: ApiHarness[Any]) -> None:
    wrong = await api.anonymous().get(f"/v1/bans?uscc={FAILING}")
    await api.perform(
        codes.keep_code, CodeRecorded(uscc=FAILING, document_number="内市监函〔2026〕3号", recorded_on=CLOSING)
    )
    recorded = await api.anonymous().get(f"/v1/bans?uscc={FAILING}")

    assert (wrong.status_code, wrong.json()["reasons"][0]["code"]) == (422, "uscc-invalid")
    assert (recorded.status_code, recorded.json()["barred"]) == (200, False)


@pytest.mark.rule("L3")
async def test_a_document_number_is_one_in_any_spelling(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    await announce_list(api, regional_officer, "内工信节能字〔2026〕88号")

    again = await regional_officer.post(
        "/v1/lists/2026/announce", json={"document_number": "内工信节能字[2026] 第88号"}
    )

    assert again.status_code in {200, 201}
    assert again.json()["document_number"] == "内工信节能字〔2026〕88号"
