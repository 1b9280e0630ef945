from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import date

import pytest
from chassis.clock import FixedClock
from chassis.testing.http import ApiStand, Caller, api_stand
from messages.registry import ListAnnounced, ListClosed, UnitListed, UnitRemoved
from messages.values import Role, UnitType
from openpyxl import load_workbook
from registry.api import router
from registry.handlers import cases
from registry.store import AGGREGATES, INDEXES, Store

from services.registry.tests.kit import CLOSING, DAIRY, DOCUMENT, SOLAR, STEEL, at, cleared, unit

REMOVAL = {
    "unit": unit(SOLAR).model_dump(mode="json"),
    "ground": "D5",
    "document_number": "内工信字〔2024〕7号",
    "decided_on": "2024-11-20",
}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(at(CLOSING))


@pytest.fixture
async def stand(clock: FixedClock) -> AsyncIterator[ApiStand]:
    async with api_stand("registry", router, aggregates=AGGREGATES, indexes=INDEXES, clock=clock) as stand:
        await stand.perform(cases.add_line, cleared("app-1", unit(STEEL)), Store)
        await stand.perform(cases.add_line, cleared("app-2", unit(DAIRY, name="=HYPERLINK(1)")), Store)
        yield stand


def region(stand: ApiStand) -> Caller:
    return stand.as_(Role.REGIONAL_OFFICER, subject="officer-1")


async def announced(stand: ApiStand) -> None:
    assert (await region(stand).post("/v1/lists/2026/close")).status_code == 200
    answer = await region(stand).post("/v1/lists/2026/announce", json={"document_number": DOCUMENT})
    assert answer.status_code == 200


@pytest.mark.rule("L2")
async def test_a_dry_run_of_closing_shows_lines_and_what_is_held_back_and_changes_nothing(stand: ApiStand) -> None:
    await region(stand).post("/v1/removals", json=REMOVAL | {"unit": unit(STEEL).model_dump(mode="json")})

    answer = await region(stand).post("/v1/lists/2026/close", json={"dry_run": True})

    draft = answer.json()
    assert (answer.status_code, draft["state"], draft["counts"]["addition"]) == (200, "draft", 1)
    assert [line["unit"]["uscc"] for line in draft["lines"]] == [DAIRY]
    assert [held["reasons"][0]["rule"] for held in draft["held_back"]] == ["B1"]
    assert not any(isinstance(event, ListClosed) for event in stand.said)
    assert (await region(stand).get("/v1/lists/2026/draft")).json() == draft


@pytest.mark.rule("L3")
async def test_a_closed_list_is_announced_and_public(stand: ApiStand) -> None:
    await announced(stand)

    shown = await stand.anybody().get("/v1/lists/1")

    body = shown.json()
    assert (body["number"], body["document_number"], body["state"]) == (1, DOCUMENT, "announced")
    assert sorted(line["unit"]["uscc"] for line in body["lines"]) == [STEEL, DAIRY]
    assert body["held_back"] is None
    assert shown.headers["ETag"] == f'"{body["digest"]}"'
    assert [type(event) for event in stand.said] == [ListClosed, ListAnnounced, UnitListed, UnitListed]


@pytest.mark.rule("L3", "A4")
async def test_the_same_announcement_by_the_same_or_another_key_is_answered_alike(stand: ApiStand) -> None:
    await region(stand).post("/v1/lists/2026/close")
    body = {"document_number": DOCUMENT}

    answers = [await region(stand).post("/v1/lists/2026/announce", json=body, key=key) for key in ("one", "one", "two")]

    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert sum(isinstance(event, ListAnnounced) for event in stand.said) == 1


@pytest.mark.rule("L3")
async def test_the_number_of_an_earlier_list_is_refused_for_the_one_that_waits(stand: ApiStand) -> None:
    await announced(stand)
    await stand.perform(cases.add_line, cleared("app-3", unit(SOLAR)), Store)
    await region(stand).post("/v1/lists/2026/close")

    answer = await region(stand).post("/v1/lists/2026/announce", json={"document_number": DOCUMENT})
    body = {"document_number": DOCUMENT, "list_id": "list-region-2026-1"}
    repeated = await region(stand).post("/v1/lists/2026/announce", json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "document-number-used")
    assert [(reason["rule"], reason["evidence"]) for reason in answer.json()["reasons"]] == [("L3", DOCUMENT)]
    assert (repeated.status_code, repeated.json()["number"]) == (200, 1)


@pytest.mark.rule("A4")
async def test_a_key_used_for_another_body_is_refused(stand: ApiStand) -> None:
    await region(stand).post("/v1/lists/2026/close")
    await region(stand).post("/v1/lists/2026/announce", json={"document_number": DOCUMENT}, key="one")

    answer = await region(stand).post("/v1/lists/2026/announce", json={"document_number": "另一文号"}, key="one")

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-reused")


async def test_what_cannot_be_announced_is_a_problem_with_rule_and_article(stand: ApiStand) -> None:
    answer = await region(stand).post("/v1/lists/2026/announce", json={"document_number": DOCUMENT})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "nothing-to-announce")
    assert (problem["reasons"][0]["rule"], problem["reasons"][0]["article"]) == ("L2", "第二十二条、第二十五条")


@pytest.mark.rule("L5")
async def test_the_feed_goes_on_from_any_number_and_the_chain_verifies(stand: ApiStand) -> None:
    await announced(stand)
    await stand.perform(cases.add_line, cleared("app-3", unit(SOLAR)), Store)
    await region(stand).post("/v1/lists/2026/close")
    await region(stand).post("/v1/lists/2026/announce", json={"document_number": "补充1号"})

    everything = (await stand.anybody().get("/v1/lists/feed")).json()
    rest = (await stand.anybody().get("/v1/lists/feed?after=1")).json()
    end = (await stand.anybody().get("/v1/lists/feed?after=2")).json()
    chain = (await stand.anybody().get("/v1/lists/chain")).json()

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


@pytest.mark.rule("L4", "L5")
async def test_a_list_changed_in_the_database_is_found_by_the_chain(stand: ApiStand) -> None:
    await announced(stand)
    stored = stand.memory.collections["lists"]["list-region-2026-1"]
    stored["lines"][0]["unit"]["name"] = "别的单位"

    chain = (await stand.anybody().get("/v1/lists/chain")).json()

    assert (chain["intact"], chain["broken_at"]) == (False, 1)


async def test_announced_lists_are_paged_newest_first(stand: ApiStand) -> None:
    await announced(stand)
    await stand.perform(cases.add_line, cleared("app-3", unit(SOLAR)), Store)
    await region(stand).post("/v1/lists/2026/close")
    await region(stand).post("/v1/lists/2026/announce", json={"document_number": "补充1号"})

    first = (await stand.anybody().get("/v1/lists?limit=1")).json()
    second = (await stand.anybody().get(f"/v1/lists?limit=1&after={first['next']}")).json()

    assert [first["items"][0]["number"], second["items"][0]["number"]] == [2, 1]
    assert (second["next"], first["items"][0]["lines"]) == (None, None)
    assert (await stand.anybody().get("/v1/lists?year=2025")).json()["items"] == []


async def test_a_closed_list_is_not_public(stand: ApiStand) -> None:
    await region(stand).post("/v1/lists/2026/close")

    assert (await stand.anybody().get("/v1/lists/1")).status_code == 404
    assert (await stand.anybody().get("/v1/lists")).json()["items"] == []
    assert (await stand.anybody().get("/v1/lists/2026/draft")).status_code == 401


@pytest.mark.rule("P2")
@pytest.mark.parametrize("role", [Role.PREFECTURE_OFFICER, Role.APPLICANT, Role.REVIEW_ORGANISATION])
async def test_only_the_regional_department_makes_lists_and_removes(stand: ApiStand, role: Role) -> None:
    caller = stand.as_(role, prefecture="150100", organisation=STEEL)

    answers = [
        await caller.post("/v1/lists/2026/close"),
        await caller.post("/v1/lists/2026/announce", json={"document_number": DOCUMENT}),
        await caller.post("/v1/lists/1/corrections", json={"names": {"app-1": "甲"}, "why": "有误"}),
        await caller.post("/v1/removals", json=REMOVAL),
        await caller.get("/v1/removals"),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert stand.said == []


async def test_the_csv_opens_in_a_spreadsheet_and_holds_no_formula(stand: ApiStand) -> None:
    await announced(stand)

    answer = await stand.anybody().get("/v1/lists/1/export?format=csv")

    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:4] == ["序号", "年度", "变动", "类型"]
    assert sorted(row[5] for row in rows[1:]) == ["'=HYPERLINK(1)", "示例钢铁有限公司"]
    assert [(row[4], row[8]) for row in rows[1:]] == [("呼和浩特市", "第十四条第（三）项")] * 2


async def test_the_workbook_holds_every_line_as_text(stand: ApiStand) -> None:
    await announced(stand)

    answer = await stand.anybody().get("/v1/lists/1/export")

    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert sheet["A1"].value == "内蒙古自治区绿色制造体系示范单位名单（2026年，总第1号）"
    assert DOCUMENT in str(sheet["A2"].value)
    names = {str(sheet.cell(row, 6).value): sheet.cell(row, 6).data_type for row in (4, 5)}
    assert names == {"=HYPERLINK(1)": "s", "示例钢铁有限公司": "s"}
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]


@pytest.mark.rule("R1")
async def test_the_register_answers_as_of_a_past_day(stand: ApiStand, clock: FixedClock) -> None:
    await announced(stand)
    clock.move_to(at(date(2027, 3, 1)))
    removal = REMOVAL | {"unit": unit(STEEL).model_dump(mode="json"), "decided_on": "2027-02-20"}
    assert (await region(stand).post("/v1/removals", json=removal)).status_code == 201

    async def listed_on(day: str) -> list[str]:
        answer = await stand.anybody().get(f"/v1/units?as_of={day}&prefecture=150100&unit_type=factory&level=region")
        return sorted(each["uscc"] for each in answer.json()["items"])

    assert await listed_on("2026-09-09") == []
    assert await listed_on("2026-09-10") == [STEEL, DAIRY]
    assert await listed_on("2027-02-28") == [STEEL, DAIRY]
    assert await listed_on("2027-03-01") == [DAIRY]
    assert (await stand.anybody().get("/v1/units?as_of=2027-03-02")).status_code == 422


@pytest.mark.rule("R1")
async def test_the_titles_are_filtered_and_paged(stand: ApiStand) -> None:
    await announced(stand)

    first = (await stand.anybody().get("/v1/units?limit=1")).json()
    second = (await stand.anybody().get(f"/v1/units?limit=1&after={first['next']}")).json()

    assert [first["items"][0]["uscc"], second["items"][0]["uscc"]] == [STEEL, DAIRY]
    assert second["next"] is None
    for question in ("prefecture=150200", "unit_type=park", "level=nation"):
        assert (await stand.anybody().get(f"/v1/units?{question}")).json()["items"] == []


@pytest.mark.rule("R1")
async def test_one_unit_is_shown_with_titles_and_removals(stand: ApiStand, clock: FixedClock) -> None:
    await announced(stand)
    clock.move_to(at(date(2027, 3, 1)))
    await region(stand).post(
        "/v1/removals", json=REMOVAL | {"unit": unit(STEEL).model_dump(mode="json"), "decided_on": "2027-02-20"}
    )

    now = (await stand.anybody().get(f"/v1/units/{STEEL}")).json()
    then = (await stand.anybody().get(f"/v1/units/{STEEL}?as_of=2026-12-31")).json()

    assert (now["titles"], [each["until"] for each in now["former_titles"]]) == ([], ["2027-03-01"])
    assert now["removals"][0]["ban"] == {"first_day": "2027-02-20", "last_day": "2030-02-20"}
    assert (len(then["titles"]), then["former_titles"], then["removals"]) == (1, [], [])
    assert (await stand.anybody().get(f"/v1/units/{STEEL}?as_of=2026-01-01")).status_code == 404
    assert (await stand.anybody().get(f"/v1/units/{SOLAR}")).status_code == 404


@pytest.mark.rule("R1")
async def test_a_park_is_found_by_the_code_of_its_body_and_its_first_name(stand: ApiStand) -> None:
    park = unit(SOLAR, kind=UnitType.PARK, park="示例工业园区")
    await region(stand).post("/v1/removals", json=REMOVAL | {"unit": park.model_dump(mode="json")})

    answer = await stand.anybody().get(f"/v1/units/{park.key}")

    assert (answer.status_code, answer.json()["unit_key"]) == (200, f"{SOLAR}/示例工业园区")


@pytest.mark.rule("B1")
async def test_a_decision_of_an_earlier_year_bars_the_unit_until_its_third_year_is_over(stand: ApiStand) -> None:
    answer = await region(stand).post("/v1/removals", json=REMOVAL)

    async def check(on: str) -> tuple[bool, str | None]:
        found = (await stand.anybody().get(f"/v1/bans?uscc={SOLAR}&on={on}")).json()
        return found["barred"], found["until"]

    assert (answer.status_code, answer.json()["effect"]) == (201, "earlier_year")
    assert [type(event) for event in stand.said] == [UnitRemoved]
    assert await check("2026-01-05") == (True, "2027-11-20")
    assert await check("2027-11-20") == (True, "2027-11-20")
    assert await check("2027-11-21") == (False, None)


@pytest.mark.rule("B1")
async def test_the_ban_check_names_decision_and_article(stand: ApiStand) -> None:
    await region(stand).post("/v1/removals", json=REMOVAL)

    (ban,) = (await stand.anybody().get(f"/v1/bans?uscc={SOLAR}")).json()["bans"]

    assert (ban["document_number"], ban["ground"], ban["article"]) == ("内工信字〔2024〕7号", "D5", "第二十四条")


async def test_an_unknown_organisation_is_free_and_a_malformed_code_is_refused(stand: ApiStand) -> None:
    free = await stand.anybody().get(f"/v1/bans?uscc={STEEL}")
    wrong = await stand.anybody().get("/v1/bans?uscc=911501000000000192")

    assert (free.json()["barred"], free.json()["on"]) == (False, "2026-09-10")
    assert wrong.status_code == 422


async def test_every_wrong_field_of_a_removal_is_named_at_once(stand: ApiStand) -> None:
    body = {"unit": {**REMOVAL["unit"], "uscc": "1"}, "ground": "D9", "document_number": " ", "surplus": 1}  # type: ignore[dict-item]

    answer = await region(stand).post("/v1/removals", json=body)

    assert answer.status_code == 422
    assert {reason["pointer"] for reason in answer.json()["reasons"]} == {
        "/unit/uscc",
        "/ground",
        "/document_number",
        "/decided_on",
        "/surplus",
    }
    assert stand.said == []


async def test_recorded_removals_are_listed_and_shown(stand: ApiStand) -> None:
    recorded = (await region(stand).post("/v1/removals", json=REMOVAL)).json()

    listed = (await region(stand).get("/v1/removals?year=2024")).json()["items"]
    shown = await region(stand).get(f"/v1/removals/{recorded['removal_id']}")

    assert listed == [recorded] == [shown.json()]
    assert (await region(stand).get("/v1/removals?year=2025")).json()["items"] == []


@pytest.mark.rule("L4")
async def test_a_correction_is_made_announced_and_shown(stand: ApiStand) -> None:
    await announced(stand)
    body = {"names": {"app-2": "示例乳业有限公司"}, "why": "原名单单位名称有误"}

    made = await region(stand).post("/v1/lists/1/corrections", json=body)
    await region(stand).post("/v1/lists/2026/announce", json={"document_number": "更正1号"})

    shown = (await stand.anybody().get("/v1/lists/2")).json()
    assert made.status_code == 201
    assert (shown["corrects"], shown["why"], shown["counts"]["renaming"]) == (1, "原名单单位名称有误", 1)
    assert (await stand.anybody().get(f"/v1/units/{DAIRY}")).json()["name"] == "示例乳业有限公司"


async def test_a_correction_of_a_line_that_is_not_there_is_refused(stand: ApiStand) -> None:
    await announced(stand)

    answer = await region(stand).post("/v1/lists/1/corrections", json={"names": {"app-9": "甲"}, "why": "有误"})

    assert (answer.status_code, answer.json()["code"]) == (422, "line-unknown")
