from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from chassis.handling import Document, Filter, Sort
from devkit.api_harness import ApiClient, ApiHarness
from messages.registry import ListAnnounced, ListClosed, UnitListed
from messages.values import Role
from openpyxl import load_workbook
from registry.api import export
from registry.handlers import cases

from services.registry.tests.api_calls import REMOVAL, act, announce, announce_list, close_list, collect
from services.registry.tests.builders import DAIRY, DOCUMENT, SOLAR, STEEL, case_cleared, unit


@pytest.mark.rule("L2")
async def test_the_draft_shows_lines_and_what_is_held_back_and_changes_nothing(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    removal = {"unit": unit(STEEL).model_dump(mode="json"), "decided_on": "2026-09-08"}
    await regional_officer.post("/v1/removals", json=REMOVAL | removal)

    answer = await regional_officer.get("/v1/lists/2026/draft")

    draft = answer.json()
    assert (answer.status_code, draft["next"]) == (200, "removals:")
    assert [line["unit"]["uscc"] for line in draft["lines"]] == [DAIRY]
    assert [held["reasons"][0]["rule"] for held in draft["held_back"]] == ["B1"]
    assert not any(isinstance(event, ListClosed) for event in api.events)
    assert (await regional_officer.get("/v1/lists/2026/draft")).json() == draft
    rest = (await regional_officer.get("/v1/lists/2026/draft?after=removals:")).json()
    assert [(line["kind"], line["unit"]["uscc"]) for line in rest["lines"]] == [("removal", STEEL)]


@pytest.mark.rule("L3")
async def test_a_closed_list_is_announced_and_public(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    await announce_list(api, regional_officer)

    shown = await api.anonymous().get("/v1/lists/1")

    body = shown.json()
    assert (body["number"], body["document_number"], body["state"]) == (1, DOCUMENT, "announced")
    lines = await collect(api.anonymous(), "/v1/lists/1/lines")
    assert [(line["number"], line["unit"]["uscc"]) for line in lines] == [(1, STEEL), (2, DAIRY)]
    assert (body["held_back"], body["closing_act"], body["counts"]["addition"]) == (None, None, 2)
    assert shown.headers["ETag"] == f'"{body["digest"]}"'
    assert [type(event) for event in api.events] == [ListClosed, ListAnnounced, UnitListed, UnitListed]


@pytest.mark.rule("L3", "A4")
async def test_the_same_announcement_by_the_same_or_another_key_is_answered_alike(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await close_list(api, regional_officer)
    body = {"document_number": DOCUMENT}

    path = "/v1/lists/2026/announce"
    answers = [await act(api, regional_officer, path, body, key=key) for key in ("one", "one", "two")]

    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert sum(isinstance(event, ListAnnounced) for event in api.events) == 1


@pytest.mark.rule("L3")
async def test_the_number_of_an_earlier_list_is_refused_for_the_one_that_waits(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await announce_list(api, regional_officer)
    await api.perform(cases.add_line, case_cleared("app-3", unit(SOLAR)))
    await close_list(api, regional_officer)

    answer = await announce(api, regional_officer, DOCUMENT)
    body = {"document_number": DOCUMENT, "list_id": "list-region-2026-1"}
    repeated = await regional_officer.post("/v1/lists/2026/announce", json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "document-number-used")
    assert [(reason["rule"], reason["evidence"]) for reason in answer.json()["reasons"]] == [("L3", DOCUMENT)]
    assert (repeated.status_code, repeated.json()["number"]) == (200, 1)


@pytest.mark.rule("A4")
async def test_a_key_used_for_another_body_is_refused(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    await close_list(api, regional_officer)
    path = "/v1/lists/2026/announce"
    await act(api, regional_officer, path, {"document_number": DOCUMENT}, key="one")

    answer = await regional_officer.post("/v1/lists/2026/announce", json={"document_number": "另一文号"}, key="one")

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-reused")


async def test_what_cannot_be_announced_is_a_problem_with_rule_and_article(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    answer = await announce(api, regional_officer, DOCUMENT)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "nothing-to-announce")
    assert (problem["reasons"][0]["rule"], problem["reasons"][0]["article"]) == ("L2", "第二十二条、第二十五条")


@pytest.mark.rule("L5")
async def test_the_feed_goes_on_from_any_number_and_the_chain_verifies(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await announce_list(api, regional_officer)
    await api.perform(cases.add_line, case_cleared("app-3", unit(SOLAR)))
    await close_list(api, regional_officer)
    await announce(api, regional_officer, "补充1号")

    everything = (await api.anonymous().get("/v1/lists/feed")).json()
    rest = (await api.anonymous().get("/v1/lists/feed?after=1")).json()
    end = (await api.anonymous().get("/v1/lists/feed?after=2")).json()
    chain = (await api.anonymous().get("/v1/lists/chain")).json()

    assert [each["number"] for each in everything["items"]] == [1, 2]
    assert [each["number"] for each in rest["items"]] == [2]
    assert (rest["after"], end) == (2, {"items": [], "after": 2})
    assert chain == {
        "intact": True,
        "lists": 2,
        "head": rest["items"][0]["digest"],
        "broken_at": None,
        "fault": None,
    }


@pytest.mark.rule("L5")
async def test_the_chain_and_a_workbook_are_made_once_for_all_who_ask(
    api: ApiHarness[Any], regional_officer: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await announce_list(api, regional_officer)
    asked = Counter[str]()
    find = api.memory.find

    async def count(collection: str, where: Filter, sort: Sort, limit: int) -> Sequence[Document]:
        asked[collection] += 1
        return await find(collection, where, sort, limit)

    monkeypatch.setattr(api.memory, "find", count)
    for path in ("/v1/lists/chain", "/v1/lists/1/export"):
        first, *others = await asyncio.gather(*(api.anonymous().get(path) for _ in range(20)))
        lines = asked["list_lines"]

        assert {each.content for each in others} == {first.content}
        assert (await api.anonymous().get(path)).content == first.content
        assert asked["list_lines"] == lines
    assert asked["list_lines"] <= 4


@pytest.mark.rule("L4", "L5")
async def test_a_list_changed_in_the_database_is_found_by_the_chain(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await announce_list(api, regional_officer)
    stored = next(iter(api.memory.collections["list_lines"].values()))
    stored["change"]["unit"]["name"] = "别的单位"

    chain = (await api.anonymous().get("/v1/lists/chain")).json()

    assert (chain["intact"], chain["broken_at"]) == (False, 1)


async def test_announced_lists_are_paged_newest_first(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    await announce_list(api, regional_officer)
    await api.perform(cases.add_line, case_cleared("app-3", unit(SOLAR)))
    await close_list(api, regional_officer)
    await announce(api, regional_officer, "补充1号")

    first = (await api.anonymous().get("/v1/lists?limit=1")).json()
    second = (await api.anonymous().get(f"/v1/lists?limit=1&after={first['next']}")).json()

    assert [first["items"][0]["number"], second["items"][0]["number"]] == [2, 1]
    assert second["next"] is None
    assert (await api.anonymous().get("/v1/lists?year=2025")).json()["items"] == []


async def test_a_closed_list_is_not_public(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    await close_list(api, regional_officer)

    assert (await api.anonymous().get("/v1/lists/1")).status_code == 404
    assert (await api.anonymous().get("/v1/lists")).json()["items"] == []
    assert (await api.anonymous().get("/v1/lists/2026/draft")).status_code == 401


@pytest.mark.rule("P2")
@pytest.mark.parametrize("role", [Role.PREFECTURE_OFFICER, Role.APPLICANT, Role.REVIEW_ORGANISATION])
async def test_only_the_regional_department_makes_lists_and_removes(api: ApiHarness[Any], role: Role) -> None:
    caller = api.client_as(role, prefecture="150100", organisation=STEEL)

    answers = [
        await caller.post("/v1/lists/2026/close"),
        await caller.get("/v1/lists/2026/closed"),
        await caller.get("/v1/lists/2026/acts"),
        await caller.post("/v1/lists/2026/announce", json={"document_number": DOCUMENT}),
        await caller.post("/v1/lists/1/corrections", json={"names": {"app-1": "甲"}, "why": "有误"}),
        await caller.post("/v1/removals", json=REMOVAL),
        await caller.get("/v1/removals"),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert api.events == []


async def test_the_csv_opens_in_a_spreadsheet_and_holds_no_formula(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await announce_list(api, regional_officer)

    answer = await api.anonymous().get("/v1/lists/1/export?format=csv")

    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:4] == ["序号", "年度", "变动", "类型"]
    assert sorted(row[5] for row in rows[1:]) == ["'=HYPERLINK(1)", "示例钢铁有限公司"]
    assert [(row[4], row[8]) for row in rows[1:]] == [("呼和浩特市", "第十四条第（三）项")] * 2


async def test_the_workbook_holds_every_line_as_text(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    await announce_list(api, regional_officer)

    answer = await api.anonymous().get("/v1/lists/1/export")

    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert sheet["A1"].value == "内蒙古自治区绿色制造体系示范单位名单（2026年，总第1号）"
    assert DOCUMENT in str(sheet["A2"].value)
    names = {str(sheet.cell(row, 6).value): sheet.cell(row, 6).data_type for row in (4, 5)}
    assert names == {"=HYPERLINK(1)": "s", "示例钢铁有限公司": "s"}
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(("format", "maker"), [("xlsx", "_as_xlsx"), ("csv", "_as_csv")])
async def test_file_of_an_announced_list_is_made_once(
    api: ApiHarness[Any], regional_officer: ApiClient, monkeypatch: pytest.MonkeyPatch, format: str, maker: str
) -> None:
    await announce_list(api, regional_officer)
    made: list[int] = []
    write = getattr(export, maker)
    monkeypatch.setattr(export, maker, lambda one, pages: made.append(1) or write(one, pages))

    path = f"/v1/lists/1/export?format={format}"
    answers = await asyncio.gather(*(api.anonymous().get(path) for _ in range(5)))

    assert len(made) == 1
    assert {(each.status_code, each.content) for each in answers} == {(200, answers[0].content)}


@pytest.mark.rule("L4")
async def test_a_correction_is_made_announced_and_shown(api: ApiHarness[Any], regional_officer: ApiClient) -> None:
    await announce_list(api, regional_officer)
    body = {"names": {"app-2": "示例乳业有限公司"}, "why": "原名单单位名称有误"}

    made = await regional_officer.post("/v1/lists/1/corrections", json=body)
    await announce(api, regional_officer, "更正1号")

    shown = (await api.anonymous().get("/v1/lists/2")).json()
    assert made.status_code == 201
    assert (shown["corrects"], shown["why"], shown["counts"]["renaming"]) == (1, "原名单单位名称有误", 1)
    assert (await api.anonymous().get(f"/v1/units/{DAIRY}")).json()["name"] == "示例乳业有限公司"


async def test_a_correction_of_a_line_that_is_not_there_is_refused(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await announce_list(api, regional_officer)

    answer = await regional_officer.post("/v1/lists/1/corrections", json={"names": {"app-9": "甲"}, "why": "有误"})

    assert (answer.status_code, answer.json()["code"]) == (422, "line-unknown")
