"""Property: an announcement, sanctions, revocations, bans and ends of cases in any order, and what holds at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

import pytest
from chassis.settling import LONGEST_TRANSACTION
from messages.registry import ListAnnounced, UnitListed
from messages.review import CaseCleared
from messages.values import AssessorRef, Level, UnitRef
from registry.domain import flags
from registry.domain.clearances import ClearanceState
from registry.domain.list_acts import ActState
from registry.domain.listings import Listing
from registry.domain.removals import RemovalDecision
from registry.handlers import announcing, assessors, cases, closing, list_acts
from registry.handlers.removals import record_removal
from registry.handlers.verifying import verify_chain
from registry.jobs import JOBS
from registry.store import Store
from stdnum.cn import uscc as gb32100

from services.registry.tests.builders import ANNOUNCING, at, case_cleared, case_closed, revocation, sanction, unit
from services.registry.tests.harness import RegistryHandlers

CASES, ASSESSORS = 7, 2
COMMAND = announcing.AnnounceList(Level.REGION, 2026, "2026年1号")


@pytest.fixture(autouse=True)
def _two_lines_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (list_acts, closing):
        monkeypatch.setattr(module, "LINES_PER_STEP", 2)


class Interleaving:
    """One order of events: the announcement's steps, rounds of the flags, and whatever strikes a line."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - an order of events, no secret
        self.handlers = RegistryHandlers()
        self.now = at(ANNOUNCING)
        self.sequence = Counter[str]()
        self.struck: set[str] = set()
        """Cases that a ban, the end of the case or a sanction in force had struck when the list took effect."""

    async def run(self) -> None:
        await self.handlers.clear(*(event(each) for each in range(CASES)))
        await self.handlers.close()
        await self.handlers.begin(announcing.begin_announcing, COMMAND, self.now)
        for _ in range(self.random.randrange(4, 20)):
            await self.random.choices((self.step, self.round, self.strike), weights=(5, 1, 2))[0]()
        await self.settle()

    async def step(self) -> None:
        before = len(self.announced)
        await self.handlers.run_jobs(JOBS[:1], self.now, polls=1)
        if len(self.announced) > before:
            self.struck = await self.struck_now()

    async def round(self) -> None:
        await self.handlers.run_jobs(JOBS[1:], self.now, polls=1)

    async def strike(self) -> None:
        acts: tuple[Callable[[], Awaitable[None]], ...] = (
            self.sanction,
            self.sanction,
            self.revoke,
            self.ban,
            self.end,
        )
        await self.random.choice(acts)()

    async def sanction(self) -> None:
        of = self.assessor()
        event = sanction(ANNOUNCING, self.next(of), f"通报{self.sequence[of.uscc]}号")
        event = event.model_copy(update={"assessor_uscc": of.uscc, "name": of.name})
        await self.handlers.handle(assessors.record_sanction, event, self.now)

    async def revoke(self) -> None:
        of = self.assessor()
        event = revocation(ANNOUNCING, self.next(of)).model_copy(update={"assessor_uscc": of.uscc, "name": of.name})
        await self.handlers.handle(assessors.lift_sanction, event, self.now)

    async def ban(self) -> None:
        number = self.random.randrange(CASES)
        decision = RemovalDecision(unit_of(number), "D5", f"移出{number}号", ANNOUNCING, historic=True)
        await self.handlers.handle(record_removal, decision, self.now)

    async def end(self) -> None:
        event_ = case_closed(event(self.random.randrange(CASES)))
        await self.handlers.handle(cases.drop_line, event_, self.now)

    async def settle(self) -> None:
        """Let everything that was begun come to its end, also the rounds after the longest transaction."""
        while await self.left():
            before = len(self.announced)
            await self.handlers.run_jobs(JOBS[:1], self.now, polls=1)
            if len(self.announced) > before:
                self.struck = await self.struck_now()
        await self.handlers.run_jobs(JOBS, self.now)
        self.now += LONGEST_TRANSACTION + timedelta(seconds=1)
        await self.handlers.run_jobs(JOBS, self.now)

    async def left(self) -> bool:
        return not all(each.over for each in await self.store.list_acts.find())

    async def struck_now(self) -> set[str]:
        """The cases that may not be listed, as the documents of the facts have it."""
        store, found = self.store, set()
        for each in await store.clearances.find():
            record = await store.ban_records.get(each.unit.uscc)
            status = await store.assessors.get(each.assessor.uscc) if each.assessor else None
            sanctioned = status is not None and status.ban is not None and status.ban.holds_on(ANNOUNCING)
            if each.state is ClearanceState.DROPPED or (record and record.bans) or sanctioned:
                found.add(each.case_id)
        return found

    @property
    def store(self) -> Store:
        return self.handlers.store()

    @property
    def announced(self) -> list[ListAnnounced]:
        return [each for each in self.handlers.published if isinstance(each, ListAnnounced)]

    def assessor(self) -> AssessorRef:
        return assessor_of(self.random.randrange(ASSESSORS))

    def next(self, of: AssessorRef) -> int:
        self.sequence[of.uscc] += 1
        return self.sequence[of.uscc] + 1


def event(number: int) -> CaseCleared:
    return case_cleared(f"app-{number}", unit_of(number), assessor=assessor_of(number % ASSESSORS))


def unit_of(number: int) -> UnitRef:
    return unit().model_copy(update={"uscc": code("91150100", number), "name": f"示例{number}号有限公司"})


def assessor_of(number: int) -> AssessorRef:
    return AssessorRef(uscc=code("91150500", number), name=f"示例评价中心{number}")


def code(front: str, number: int) -> str:
    body = f"{front}{number:09d}"
    return body + str(gb32100.calc_check_digit(body))


@pytest.mark.rule("L2", "L3", "S1", "S2", "S4", "B2")
@pytest.mark.parametrize("seed", range(90))
async def test_in_any_order_the_list_is_whole_or_nothing_and_each_title_shows_the_newest_word(seed: int) -> None:
    order = Interleaving(seed)
    await order.run()

    store = order.store
    (act,) = (each for each in await store.list_acts.find() if each.document_number is not None)
    titles = await store.listings.find()
    told = Counter(each.case_id for each in order.handlers.published if isinstance(each, UnitListed))
    if act.state is ActState.DONE:
        assert order.struck == set()
        assert {each.case_id for each in titles} == set(told) == {f"app-{number}" for number in range(CASES)}
        assert set(told.values()) == {1}
        assert {each.state for each in await store.clearances.find()} == {ClearanceState.ANNOUNCED}
    else:
        assert (act.state, titles, told, order.announced) == (ActState.REFUSED, [], Counter(), [])
        held_back = await store.held_back_lines.find({"act_id": act.act_id})
        assert len(held_back) == act.held_back > 0
        assert [each.names for each in await store.units.find() if each.names[0].list_number] == []
        assert (await store.chain_heads.require("region")).last_number == 0
    for title in titles:
        await assert_newest_word(title, store)
    assert (await verify_chain(Level.REGION, order.handlers.store)).intact


async def assert_newest_word(title: Listing, store: Store) -> None:
    """The title shows what its assessor's decisions say, and a ban that came after the list has ended it."""
    status = await store.assessors.get(title.assessor.uscc) if title.assessor else None
    if status is not None:
        assert status.settling.due is None
        ref = (await store.clearances.require(title.case_id)).unit
        assert flags.update_flags(title, ref, status, ANNOUNCING).listing == title
    record = await store.ban_records.get(title.uscc)
    if record is not None and record.bans:
        assert title.shown_until == ANNOUNCING


async def test_the_seeds_reach_both_ends() -> None:
    """A property over orders that all end alike would hold of anything."""
    ends = Counter[ActState]()
    for seed in range(20):
        order = Interleaving(seed)
        await order.run()
        ends.update(each.state for each in await order.store.list_acts.find() if each.document_number)

    assert min(ends[ActState.DONE], ends[ActState.REFUSED]) >= 3
