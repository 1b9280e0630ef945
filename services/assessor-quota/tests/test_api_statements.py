from __future__ import annotations

from typing import Any

import pytest
from chassis.http.conditional import version_in
from devkit.api_harness import ApiClient, ApiHarness
from httpx2 import Response
from messages.values import Prefecture, Role

from .api_calls import reasons
from .builders import DAY_AFTER, LAST_DAY, NEW_YEAR, NORTH, OTHER, SOUTH, STEEL, succeeding
from .harness import deliver_to_api, run_api_job

BODY: dict[str, Any] = {
    "year": 2026,
    "projects_evaluated": 3,
    "staff": 12,
    "staff_trained": 9,
    "trainings_given": 2,
    "complaints": 0,
    "summary": "完成评价三项。",
    "document": "a" * 64,
}
PATH = f"/v1/assessors/{NORTH}/statements"


@pytest.fixture
async def owing(api_with_assessors: ApiHarness[Any]) -> ApiHarness[Any]:
    """It is 1 January: North, which worked in Chifeng, South and Other owe a statement for 2026."""
    await deliver_to_api(api_with_assessors, succeeding("app-1", NORTH))
    await run_api_job(api_with_assessors, "open-duties", NEW_YEAR)
    return api_with_assessors


@pytest.fixture
def north(owing: ApiHarness[Any]) -> ApiClient:
    return owing.client_as(Role.ASSESSOR, organisation=NORTH)


def seen_in(answer: Response) -> list[tuple[str, str]]:
    assert answer.status_code == 200
    return [(each["assessor"]["uscc"], each["state"]) for each in answer.json()["items"]]


@pytest.mark.rule("S5")
async def test_an_assessor_files_its_statement_and_reads_it_back(owing: ApiHarness[Any], north: ApiClient) -> None:
    filed = await north.post(PATH, json=BODY)
    assert filed.status_code == 201
    assert filed.json()["filings"][0]["content"] == {
        name: value for name, value in BODY.items() if name not in {"year", "document"}
    }
    read = await north.get(f"{PATH}/2026")
    assert (read.json(), version_in(read.headers["ETag"])) == (filed.json(), 1)
    assert [each.fact for each in owing.events[-2:]] == ["filed", "met"]


@pytest.mark.rule("S5")
async def test_the_region_files_for_an_assessor_and_that_shows(
    owing: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await run_api_job(owing, "note-overdue", DAY_AFTER)
    answer = await regional_officer.post(PATH, json=BODY)
    assert answer.status_code == 201
    assert (answer.json()["late"], answer.json()["filings"][0]["on_behalf"]) == (True, True)
    assert seen_in(await regional_officer.get("/v1/statements", params={"state": "late"})) == [(NORTH, "late")]
    history = (await regional_officer.get(f"/v1/assessors/{NORTH}/history")).json()["items"]
    assert history[-1]["what"] == "statement_filed"


@pytest.mark.rule("S5")
async def test_filing_again_amends_the_version_that_was_seen_and_no_other(north: ApiClient) -> None:
    await north.post(PATH, json=BODY)
    amended = await north.post(PATH, json={**BODY, "complaints": 1}, headers={"If-Match": '"1"'})
    assert [each["content"]["complaints"] for each in amended.json()["filings"]] == [0, 1]
    stale = await north.post(PATH, json=BODY, headers={"If-Match": '"1"'})
    assert (stale.status_code, reasons(stale)) == (412, [("S5", "version-stale", None)])


@pytest.mark.rule("S5")
async def test_what_cannot_be_filed_is_refused_with_rule_and_article(owing: ApiHarness[Any], north: ApiClient) -> None:
    for year, code in ((2027, "year-not-over"), (2025, "statement-not-due")):
        answer = await north.post(PATH, json={**BODY, "year": year})
        assert (answer.status_code, reasons(answer)) == (409, [("S5", code, "/year")])
        assert answer.json()["reasons"][0]["article"] == "第三十条"
    malformed = await north.post(PATH, json={**BODY, "staff": -1, "summary": ""})
    assert [each["pointer"] for each in malformed.json()["reasons"]] == ["/staff", "/summary"]
    unknown = await owing.client_as(Role.REGIONAL_OFFICER).post(f"/v1/assessors/{STEEL}/statements", json=BODY)
    assert unknown.status_code == 404


@pytest.mark.rule("S5")
async def test_departments_see_who_is_overdue_each_those_that_work_in_its_prefecture(
    owing: ApiHarness[Any], north: ApiClient, regional_officer: ApiClient
) -> None:
    await run_api_job(owing, "note-overdue", DAY_AFTER)
    overdue: dict[str, str | int | float | bool | None] = {"state": "overdue", "year": 2026}
    chifeng = owing.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.CHIFENG)
    wuhai = owing.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.WUHAI)
    everyone = [(NORTH, "overdue"), (SOUTH, "overdue"), (OTHER, "overdue")]
    assert seen_in(await regional_officer.get("/v1/statements", params=overdue)) == everyone
    assert seen_in(await chifeng.get("/v1/statements", params=overdue)) == everyone[:1]
    assert seen_in(await wuhai.get("/v1/statements", params=overdue)) == []
    assert seen_in(await north.get("/v1/statements")) == everyone[:1]
    assert seen_in(await regional_officer.get("/v1/statements", params={"assessor": SOUTH})) == everyone[1:2]


@pytest.mark.rule("P2")
async def test_an_assessor_neither_files_nor_reads_for_another(owing: ApiHarness[Any], north: ApiClient) -> None:
    await north.post(PATH, json=BODY)
    south = owing.client_as(Role.ASSESSOR, organisation=SOUTH)
    assert (await south.post(PATH, json=BODY)).status_code == 403
    assert (await south.get(f"{PATH}/2026")).status_code == 404
    wuhai = owing.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.WUHAI)
    assert (await wuhai.get(f"{PATH}/2026")).status_code == 404


@pytest.mark.rule("P1")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLIC])
async def test_who_has_no_part_in_statements_is_refused(owing: ApiHarness[Any], role: Role) -> None:
    organisation = None if role is Role.REGIONAL_OFFICER else NORTH
    caller = owing.client_as(role, organisation=organisation, prefecture=Prefecture.CHIFENG)
    files, reads = {Role.REGIONAL_OFFICER, Role.ASSESSOR}, {Role.REGIONAL_OFFICER, Role.ASSESSOR}
    assert ((await caller.post(PATH, json=BODY)).status_code == 403) is (role not in files)
    reads |= {Role.PREFECTURE_OFFICER}
    assert ((await caller.get("/v1/statements")).status_code == 403) is (role not in reads)


async def test_what_was_never_filed_is_not_found(owing: ApiHarness[Any], regional_officer: ApiClient) -> None:
    assert (await regional_officer.get(f"{PATH}/2026")).status_code == 404
    assert (await regional_officer.get(f"{PATH}/2024")).status_code == 404
    await run_api_job(owing, "note-overdue", LAST_DAY)
    assert seen_in(await regional_officer.get("/v1/statements", params={"state": "overdue"})) == []
