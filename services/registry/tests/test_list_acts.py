"""Closing and announcing in steps: seen whole or not at all, withdrawn when a line no longer holds (L2, L3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from chassis.persistence.unit_of_work import ChangeSet
from devkit.api_harness import ApiClient, ApiHarness
from devkit.clock import FixedClock
from httpx2 import Response
from messages.registry import ListAnnounced, UnitListed, UnitRemoved
from messages.review import CaseCleared
from messages.values import UnitType
from registry.domain.clearances import ClearanceState
from registry.handlers import announcing, assessors, cases, closing, list_acts, removals

from services.registry.tests.api_calls import act, announce, announce_list, close_list, collect
from services.registry.tests.builders import (
    ANNOUNCING,
    ASSESSOR,
    CLOSING,
    COPPER,
    DAIRY,
    DOCUMENT,
    SOLAR,
    STEEL,
    at,
    case_cleared,
    case_closed,
    decision,
    sanction,
    unit,
)
from services.registry.tests.harness import CARRY_ON, RegistryHandlers

SECOND = "内工信节能字〔2026〕99号"
BODY = {"document_number": SECOND}
Strike = Callable[[ApiHarness[Any]], Awaitable[None]]
EVERYTHING = ("/v1/lists", "/v1/units", "/v1/units?as_of=2026-09-10", f"/v1/bans?uscc={COPPER}", "/v1/lists/2/lines")
UNITS = (STEEL, DAIRY, SOLAR, COPPER)


@pytest.fixture(autouse=True)
def _two_lines_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (list_acts, closing):
        monkeypatch.setattr(module, "LINES_PER_STEP", 2)


@pytest.fixture
async def waiting(api: ApiHarness[Any], regional_officer: ApiClient, clock: FixedClock) -> ApiHarness[Any]:
    """List 2 is closed and waits: two new units, a title of Steel under another name, and Copper leaves."""
    copper = case_cleared("app-3", unit(COPPER), assessor=ASSESSOR)
    await api.perform(cases.add_line, copper)
    await announce_list(api, regional_officer)
    await api.perform(removals.record_removal, decision(unit(COPPER), ground="D4"))
    steel = unit(STEEL, name="示例钢铁集团有限公司", kind=UnitType.SUPPLY_CHAIN)
    for number, each in enumerate((unit(SOLAR), steel, unit(DAIRY, kind=UnitType.SUPPLY_CHAIN)), start=4):
        await api.perform(cases.add_line, case_cleared(f"app-{number}", each, assessor=ASSESSOR))
    assert (await close_list(api, regional_officer)).status_code == 200
    clock.move_to(at(ANNOUNCING))
    return api


async def begin(caller: ApiClient, key: str = "begin") -> Response:
    return await caller.post("/v1/lists/2026/announce", json=BODY, key=key, headers={"Prefer": "wait=0"})


async def seen(api: ApiHarness[Any], office: ApiClient) -> list[object]:
    """All that readers see of lists, register, bans and removals."""
    public = api.anonymous()
    answers = [await public.get(path) for path in EVERYTHING]
    answers += [await public.get(f"/v1/units/{uscc}") for uscc in UNITS]
    answers.append(await office.get("/v1/removals"))
    return [(answer.status_code, answer.json() if answer.is_success else None) for answer in answers]


@pytest.mark.rule("L3")
async def test_after_each_step_every_reader_sees_the_whole_list_or_nothing_of_it(
    waiting: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    before = await seen(waiting, regional_officer)
    act_path = (await begin(regional_officer)).headers["Location"]
    states, views = [], []
    while not states or states[-1] != "done":
        views.append(await seen(waiting, regional_officer))
        await waiting.run_jobs(CARRY_ON, polls=1)
        states.append((await regional_officer.get(act_path)).json()["state"])
    after = await seen(waiting, regional_officer)

    assert states == ["preparing"] * 2 + ["applying"] * 2 + ["done"]
    assert before != after
    assert [view == after for view in views] == [False, False, False, True, True]
    assert all(view in (before, after) for view in views)


@pytest.mark.rule("L3", "L4")
async def test_a_correction_is_seen_as_a_whole_as_well(
    api: ApiHarness[Any], regional_officer: ApiClient, clock: FixedClock
) -> None:
    await api.perform(cases.add_line, case_cleared("app-3", unit(SOLAR)))
    await announce_list(api, regional_officer)
    names = {"app-1": "新一", "app-2": "新二", "app-3": "新三"}
    await regional_officer.post("/v1/lists/1/corrections", json={"names": names, "why": "有误"})
    clock.move_to(at(ANNOUNCING))
    before = await seen(api, regional_officer)
    await begin(regional_officer)

    views = []
    for _ in range(5):
        await api.run_jobs(CARRY_ON, polls=1)
        views.append(await seen(api, regional_officer))

    assert [view == before for view in views] == [True, True, False, False, False]
    assert views[2] == views[3] == views[4]


async def strike_by_ban(api: ApiHarness[Any]) -> None:
    await api.perform(removals.record_removal, decision(unit(SOLAR), day=ANNOUNCING))


async def strike_by_sanction(api: ApiHarness[Any]) -> None:
    await api.perform(assessors.record_sanction, sanction(ANNOUNCING))


async def strike_by_end_of_case(api: ApiHarness[Any]) -> None:
    await api.perform(cases.drop_line, case_closed(case_cleared("app-4", unit(SOLAR))))


@pytest.mark.rule("L2", "B2", "S1", "V10")
@pytest.mark.parametrize("steps", range(3))
@pytest.mark.parametrize(
    ("strike", "sources"),
    [
        (strike_by_ban, ["app-4"]),
        (strike_by_sanction, ["app-4", "app-5", "app-6"]),
        (strike_by_end_of_case, ["app-4"]),
    ],
)
async def test_what_comes_before_the_list_takes_effect_stops_it_and_nothing_of_it_remains(
    waiting: ApiHarness[Any], regional_officer: ApiClient, *, steps: int, strike: Strike, sources: list[str]
) -> None:
    begun = await begin(regional_officer)
    await waiting.run_jobs(CARRY_ON, polls=steps)
    await strike(waiting)
    expected = await seen(waiting, regional_officer)

    await waiting.run_jobs(CARRY_ON)

    act_path = begun.headers["Location"]
    shown = (await regional_officer.get(act_path)).json()
    refused = await begin(regional_officer)
    held_back = await collect(regional_officer, f"{act_path}/held-back")
    assert (shown["state"], shown["code"], shown["held_back"]) == ("refused", "list-no-longer-holds", len(sources))
    assert (refused.status_code, refused.json()["code"]) == (409, "list-no-longer-holds")
    assert sorted(each["source"] for each in held_back) == sources
    assert await seen(waiting, regional_officer) == expected
    assert not any(isinstance(event, ListAnnounced) and event.number == 2 for event in waiting.events)
    assert not prepared(waiting)

    assert (await close_list(waiting, regional_officer)).status_code in (200, 409)
    if strike is not strike_by_sanction:
        assert (await announce(waiting, regional_officer, SECOND)).json()["number"] == 2
        assert SOLAR not in {each["uscc"] for each in await collect(waiting.anonymous(), "/v1/units")}


def prepared(api: ApiHarness[Any]) -> list[str]:
    """Documents that hold anything under the number of list 2."""
    found = []
    for name in ("listings", "units", "ban_records", "removals"):
        for key, document in api.memory.collections.get(name, {}).items():
            entries = [document, *document.get("names", ()), *document.get("pending", ())]
            entries += [*document.get("removals", ()), *document.get("bans", ())]
            if any(2 in (each.get("list_number"), each.get("ended_number")) for each in entries):
                found.append(f"{name}/{key}")
    return found


@pytest.mark.rule("T1", "L3")
async def test_a_list_that_takes_effect_on_another_day_than_it_was_checked_is_prepared_anew(
    waiting: ApiHarness[Any], regional_officer: ApiClient, clock: FixedClock
) -> None:
    await begin(regional_officer)
    await waiting.run_jobs(CARRY_ON, polls=2)
    clock.move_to(at(ANNOUNCING + timedelta(days=1)))

    await waiting.run_jobs(CARRY_ON)

    titles = await collect(waiting.anonymous(), "/v1/units")
    of_list = [each for each in titles if each["list_number"] == 2]
    (announced,) = [event for event in waiting.events if isinstance(event, ListAnnounced) and event.number == 2]
    assert announced.announced_on == date(2026, 9, 16)
    assert {each["listed_on"] for each in of_list} == {"2026-09-16"}
    assert (await waiting.anonymous().get(f"/v1/bans?uscc={COPPER}&on=2026-09-15")).json()["barred"] is False


@pytest.mark.rule("L3")
async def test_each_unit_is_told_once_after_the_list_and_its_case_is_announced(
    waiting: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    count = len(waiting.events)
    assert (await announce(waiting, regional_officer, SECOND)).status_code == 200

    told = waiting.events[count:]
    assert [type(event) for event in told] == [ListAnnounced, UnitListed, UnitListed, UnitListed, UnitRemoved]
    states = {each.case_id: each.state for each in await waiting.store().clearances.find()}
    assert set(states.values()) == {ClearanceState.ANNOUNCED}


async def test_a_caller_that_does_not_wait_follows_the_act_by_its_address(
    waiting: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    begun = await begin(regional_officer)
    await waiting.run_jobs(CARRY_ON, polls=1)
    followed = (await regional_officer.get(begun.headers["Location"])).json()
    other = await act(waiting, regional_officer, "/v1/lists/2026/announce", {"document_number": "另一文号"})

    assert (begun.status_code, begun.json()["state"]) == (202, "preparing")
    assert (followed["state"], followed["done"], followed["total"]) == ("preparing", 2, 4)
    assert (other.status_code, other.json()["code"]) == (409, "list-act-under-way")
    assert (await regional_officer.get("/v1/lists/2026/acts")).json()["items"][-1]["state"] == "done"


@pytest.mark.usefixtures("waiting")
async def test_the_draft_is_refused_while_an_act_is_under_way(regional_officer: ApiClient) -> None:
    await begin(regional_officer)

    answer = await regional_officer.get("/v1/lists/2026/draft")

    assert (answer.status_code, answer.json()["code"]) == (409, "list-act-under-way")


class CountedStore(RegistryHandlers):
    """The handlers, with the number of documents that each commit wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[int] = []
        commit = self.memory.commit

        async def counted(changes: ChangeSet) -> None:
            self.written.append(len(changes.writes))
            await commit(changes)

        self.memory.commit = counted  # type: ignore[method-assign]


@pytest.fixture
def many() -> list[CaseCleared]:
    return [case_cleared(f"app-{n}", unit(STEEL, kind=UnitType.PARK, park=f"示例{n}园区")) for n in range(11)]


async def test_no_commit_writes_more_than_a_step_and_no_document_grows_with_the_list(many: list[CaseCleared]) -> None:
    handlers = CountedStore()
    await handlers.clear(*many)
    handlers.written.clear()

    await handlers.close()
    await handlers.announce()

    assert max(handlers.written) <= 2 * 5 + 2
    longest = {
        name: max(len(str(each)) for each in found.values()) for name, found in handlers.memory.collections.items()
    }
    assert max(longest.values()) < 2_500, longest


async def test_a_step_taken_again_changes_nothing(many: list[CaseCleared]) -> None:
    handlers = RegistryHandlers()
    await handlers.clear(*many)
    await handlers.close()
    command = announcing.AnnounceList(many[0].level, 2026, DOCUMENT)
    ref = await handlers.begin(announcing.begin_announcing, command, at(CLOSING))
    await handlers.carry_on(CLOSING, polls=3)
    before = handlers.memory.collections

    for step in range(3):
        events = await handlers.handle(CARRY_ON[0].handler, list_acts.CarryOn(ref.act_id or "", step), at(CLOSING))
        assert events == []

    assert handlers.memory.collections == before
