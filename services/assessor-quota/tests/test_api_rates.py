from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from assessor_quota.domain.reconciliation import DiscrepancyKind
from devkit.api_harness import ApiClient, ApiHarness
from devkit.workbooks import open_workbook
from httpx2 import Response
from messages.values import Prefecture, Role, UnitType

from .builders import NORTH, NOW, OTHER, SOUTH, failing, succeeding, turned_down, withdrawn_before_review
from .harness import deliver_to_api, run_api_job

PATH = "/v1/success-rates"


@pytest.fixture
async def api_with_concluded(api_with_assessors: ApiHarness[Any]) -> ApiHarness[Any]:
    events = [
        *succeeding("n-1", NORTH),
        *failing("n-2", NORTH, Prefecture.WUHAI, UnitType.PARK),
        *turned_down("n-3", NORTH),
        *succeeding("s-1", SOUTH, Prefecture.WUHAI),
        *withdrawn_before_review("o-1", OTHER),
    ]
    await deliver_to_api(api_with_assessors, events)
    await run_api_job(api_with_assessors, "count-applications", NOW)
    return api_with_assessors


def figures_of(answer: Response) -> list[tuple[int, int, str | None]]:
    return [(each["listed"], each["concluded"], each["rate"]) for each in answer.json()["items"]]


@pytest.mark.rule("S6")
async def test_rates_are_told_by_assessor_and_year_with_their_counts(
    api_with_concluded: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    items = (await regional_officer.get(PATH)).json()["items"]
    assert items[0] == {
        "assessor": {"uscc": NORTH, "name": "评价机构501"},
        "prefecture": None,
        "unit_type": None,
        "year": 2026,
        "listed": 1,
        "concluded": 3,
        "rate": "33.33",
    }
    assert [(each["assessor"]["uscc"], each["rate"]) for each in items[1:]] == [(SOUTH, "100.00"), (OTHER, None)]
    assert api_with_concluded.events[-1].fact != "computed"


@pytest.mark.rule("S6")
@pytest.mark.usefixtures("api_with_concluded")
async def test_rates_are_counted_by_what_is_asked_and_of_what_is_asked(regional_officer: ApiClient) -> None:
    by_type = await regional_officer.get(f"{PATH}?by=unit_type")
    assert figures_of(by_type) == [(2, 3, "66.67"), (0, 1, "0.00")]
    both = await regional_officer.get(f"{PATH}?by=prefecture&by=unit_type")
    assert [(each["prefecture"], each["unit_type"]) for each in both.json()["items"]] == [
        ("150300", "factory"),
        ("150300", "park"),
        ("150400", "factory"),
    ]
    filtered: dict[str, str | int | float | bool | None] = {
        "by": "year",
        "assessor": NORTH,
        "prefecture": "150400",
        "unit_type": "factory",
        "year": 2026,
    }
    assert figures_of(await regional_officer.get(PATH, params=filtered)) == [(1, 2, "50.00")]
    assert figures_of(await regional_officer.get(PATH, params={"year": 2025})) == []


@pytest.mark.rule("S6")
@pytest.mark.usefixtures("api_with_concluded")
async def test_rates_come_in_pages(regional_officer: ApiClient) -> None:
    by = f"{PATH}?by=assessor&by=prefecture"
    whole = (await regional_officer.get(by)).json()["items"]
    assert len(whole) == 4
    page = (await regional_officer.get(f"{by}&limit=1")).json()
    pages = page["items"]
    while page["next"] is not None:
        page = (await regional_officer.get(f"{by}&limit=1&after={page['next']}")).json()
        pages += page["items"]
    assert pages == whole
    assert (await regional_officer.get(f"{PATH}?after=nowhere")).status_code == 422


@pytest.mark.rule("P2")
async def test_each_sees_the_figures_of_what_is_its_own(api_with_concluded: ApiHarness[Any]) -> None:
    wuhai = api_with_concluded.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.WUHAI)
    assert figures_of(await wuhai.get(f"{PATH}?by=prefecture")) == [(1, 2, "50.00")]
    assert figures_of(await wuhai.get(f"{PATH}?by=prefecture&prefecture=150400")) == []
    south = api_with_concluded.client_as(Role.ASSESSOR, organisation=SOUTH)
    assert figures_of(await south.get(PATH)) == [(1, 1, "100.00")]
    assert figures_of(await south.get(PATH, params={"assessor": NORTH})) == []


@pytest.mark.rule("P1")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLIC])
async def test_who_has_no_part_in_rates_and_drift_is_refused(api_with_concluded: ApiHarness[Any], role: Role) -> None:
    caller = api_with_concluded.client_as(role, organisation=NORTH, prefecture=Prefecture.CHIFENG)
    rates = {Role.REGIONAL_OFFICER, Role.PREFECTURE_OFFICER, Role.ASSESSOR}
    for path in (PATH, f"{PATH}/export"):
        assert ((await caller.get(path)).status_code == 403) is (role not in rates)
    assert ((await caller.get("/v1/reconciliation")).status_code == 403) is (
        role not in {Role.REGIONAL_OFFICER, Role.OPERATOR}
    )


@pytest.mark.rule("S6")
@pytest.mark.usefixtures("api_with_concluded")
async def test_rates_are_exported_as_csv_and_as_a_workbook(regional_officer: ApiClient) -> None:
    answer = await regional_officer.get(f"{PATH}/export?format=csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(each["统一社会信用代码"], each["创建成功率（%）"]) for each in rows] == [
        (f"'{NORTH}", "33.33"),
        (f"'{SOUTH}", "100.00"),
        (f"'{OTHER}", "无"),
    ]
    workbook = await regional_officer.get(f"{PATH}/export")
    cells = open_workbook(workbook.content).sheets["创建成功率"]
    assert [row[5:8] for row in cells[1:]] == [[1, 3, 33.33], [1, 1, 100], [0, 0, "无"]]


@pytest.mark.rule("Q2")
async def test_the_reconcilers_finding_is_shown_with_counts_and_examples(
    api_with_concluded: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    unknown = (await regional_officer.get("/v1/reconciliation")).json()
    assert (unknown["finished_at"], unknown["counts"]) == (None, None)
    ledgers = api_with_concluded.memory.collections["ledgers"]
    api_with_concluded.memory.collections["ledgers"] = {key: {**each, "lines": []} for key, each in ledgers.items()}
    await run_api_job(api_with_concluded, "reconcile", NOW)
    found = (await regional_officer.get("/v1/reconciliation")).json()
    assert found["counts"] == {**dict.fromkeys(DiscrepancyKind, 0), DiscrepancyKind.ITEM_WITHOUT_LINE: 3}
    assert {each["application_id"] for each in found["examples"]} == {"n-1", "n-2", "s-1"}
    assert (found["items"], found["under_way_since"]) == (5, None)
