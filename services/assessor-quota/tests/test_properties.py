"""Q2 under any interleaving: facts are heard late, twice, in any order, and by several processes at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from assessor_quota import handlers
from assessor_quota.bus import HEARS
from assessor_quota.domain.item import Item, ItemState
from assessor_quota.domain.ledger import Ledger
from assessor_quota.domain.sanction import Finding
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.handling import Refusal, Transient
from chassis.testing import Bench
from chassis.unit import Batch, Commit, Conflict, Outcome, Unit
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule
from messages.assessor_quota import QuotaItemConfirmed, QuotaItemRefused, QuotaItemReserved
from messages.event import Event

from .kit import (
    LI,
    LIMIT,
    NORTH,
    NOW,
    OTHER,
    SOUTH,
    WANG,
    accepted,
    assessor,
    closed,
    refused,
    registration,
    review_refused,
    submitted,
    withdrawn,
)

HEARD = {each.event_type: each for each in HEARS}
THIRD = "911505000000000511"
BY = st.sampled_from([NORTH, SOUTH, THIRD, NORTH, SOUTH, THIRD, OTHER])
"""Mostly one representative, so that the limit is reached."""
YEARS = st.sampled_from([2026, 2026, 2026, 2027])


class Quotas(RuleBasedStateMachine):
    """Applications and review say facts in their own order; which of them is heard when is drawn."""

    facts = Bundle("facts")

    @initialize()
    def register(self) -> None:
        self.runner = asyncio.Runner()
        self.bench = Bench(Store, AGGREGATES, INDEXES)
        self.today = NOW
        self.sequences: Counter[str] = Counter()
        self.years: dict[str, int] = {}
        self.ended: set[str] = set()
        self.ever_ended: set[str] = set()
        self.accepted: set[str] = set()
        self.reviewed: set[str] = set()
        self.owed: list[Event] = []
        for uscc, representative in ((NORTH, WANG), (SOUTH, WANG), (THIRD, WANG), (OTHER, LI)):
            command = registration(assessor(uscc, representative))
            self.runner.run(self.bench.handle(handlers.register_assessor, command, NOW))

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.hear_everything()
            self.runner.close()

    # What applications and review say

    @rule(target=facts, count=st.integers(1, 8), by=BY, year=YEARS)
    def submit(self, count: int, by: str, year: int) -> object:
        said = []
        for _ in range(count):
            application = f"app-{len(self.years)}"
            self.years[application] = year
            said.append(self.say_submitted(application, by))
        return multiple(*said)

    @rule(target=facts, data=st.data(), by=BY)
    @precondition(lambda self: self.ended - self.reviewed)
    def submit_again(self, data: st.DataObject, by: str) -> Event:
        application = data.draw(st.sampled_from(sorted(self.ended - self.reviewed)))
        self.ended.discard(application)
        return self.say_submitted(application, by)

    @rule(target=facts, data=st.data(), withdraw=st.booleans())
    @precondition(lambda self: set(self.years) - self.ended)
    def end(self, data: st.DataObject, withdraw: bool) -> Event:  # noqa: FBT001 - drawn
        application = data.draw(st.sampled_from(sorted(set(self.years) - self.ended)))
        return self.say_ended(application, withdraw=withdraw)

    @rule(target=facts, data=st.data())
    @precondition(lambda self: self.accepted - self.ended)
    def withdraw_after_initial_review(self, data: st.DataObject) -> Event:
        return self.say_ended(data.draw(st.sampled_from(sorted(self.accepted - self.ended))), withdraw=True)

    @rule(target=facts, data=st.data(), verdict=st.sampled_from(["accepted", "refused", "ineligible", "late"]))
    @precondition(lambda self: self.under_review())
    def review(self, data: st.DataObject, verdict: str) -> object:
        """Review knows only applications whose item was said to be reserved."""
        application = data.draw(st.sampled_from(self.under_review()))
        self.reviewed.add(application)
        if verdict in {"accepted", "late"}:
            self.accepted.add(application)
        said = {
            "accepted": [accepted(application)],
            "refused": [review_refused(application), closed("initial_review_refused", application)],
            "ineligible": [closed("ineligible", application)],
            "late": [accepted(application), closed("late", application)],
        }[verdict]
        return multiple(*map(self.owe, said))

    # What the service hears

    @rule(fact=facts)
    def hear(self, fact: Event) -> None:
        self.hear_at_once([fact])

    @rule(several=st.lists(facts, min_size=2, max_size=8))
    def hear_at_once(self, several: Sequence[Event]) -> None:
        """As by one process each: all have read before the first commits."""
        self.runner.run(self.race(list(several)))

    @rule(count=st.integers(1, 8))
    def hear_what_is_next(self, count: int) -> None:
        self.hear_at_once(self.owed[:count])

    @rule(uscc=BY)
    def sanction(self, uscc: str) -> None:
        number = f"处理{len(self.bench.said)}"
        command = handlers.SanctionAssessor(uscc, number, self.today.date(), (Finding("造假"),))
        self.runner.run(self.bench.handle(handlers.sanction_assessor, command, self.today))

    @rule(uscc=BY)
    def revoke(self, uscc: str) -> None:
        command = handlers.RevokeSanction(uscc, "撤销", self.today.date())
        try:
            self.runner.run(self.bench.handle(handlers.revoke_sanction, command, self.today))
        except Refusal as no:
            assert no.reasons[0].code in {"nothing-to-revoke", "decision-not-named"}  # noqa: PT017 - both are lawful

    @rule()
    def sleep(self) -> None:
        self.today += timedelta(days=400)

    # What must hold

    @invariant()
    def no_representative_has_more_than_fifteen_and_each_item_has_one_line(self) -> None:
        if not hasattr(self, "bench"):
            return
        ledgers, items = self.kept()
        assert all(ledger.used <= LIMIT for ledger in ledgers)
        lines = sorted((ledger.key, line.application_id) for ledger in ledgers for line in ledger.lines)
        assert lines == sorted((key, item.application_id) for item in items if item.in_use for key in item.ledgers)
        assert len({application for _, application in lines}) == len(lines)

    @invariant()
    def what_was_confirmed_stays_in_use(self) -> None:
        if hasattr(self, "bench"):
            confirmed = {each.application_id for each in self.bench.said if isinstance(each, QuotaItemConfirmed)}
            assert confirmed <= {item.application_id for item in self.kept()[1] if item.in_use}

    def hear_everything(self) -> None:
        """Once all is heard, what has ended holds no place and what has not is answered or confirmed."""
        for _ in range(len(self.owed) + 1):
            self.hear_at_once(self.owed[:8])
        assert self.owed == []
        self.what_was_confirmed_stays_in_use()
        states = {item.application_id: item.state for item in self.kept()[1]}
        for application in set(self.years) - self.accepted:
            over = application in self.ended | self.reviewed
            lawful = {ItemState.RELEASED, ItemState.REFUSED} if over else {ItemState.RESERVED, ItemState.REFUSED}
            assert states[application] in lawful
        for application in self.accepted - self.ever_ended:
            assert states[application] is ItemState.CONFIRMED

    # How

    def say_submitted(self, application: str, by: str) -> Event:
        self.sequences[application] += 1
        sequence = self.sequences[application]
        return self.owe(submitted(application, by, sequence=sequence, batch_year=self.years[application]))

    def say_ended(self, application: str, *, withdraw: bool) -> Event:
        self.ended.add(application)
        self.ever_ended.add(application)
        self.sequences[application] += 1
        return self.owe((withdrawn if withdraw else refused)(application, self.sequences[application]))

    def owe(self, fact: Event) -> Event:
        self.owed.append(fact)
        return fact

    def under_review(self) -> list[str]:
        reserved = {each.application_id for each in self.bench.said if isinstance(each, QuotaItemReserved)}
        return sorted(reserved - self.reviewed - self.ended)

    def kept(self) -> tuple[list[Ledger], list[Item]]:
        store = self.bench.look()
        return self.runner.run(store.ledgers.find()), self.runner.run(store.items.find())

    async def race(self, facts: list[Event]) -> None:
        while facts:
            read = [(fact, Batch(self.bench.memory, AGGREGATES)) for fact in facts]
            done = [(fact, batch, await self.attempt(fact, batch)) for fact, batch in read]
            slower = [fact for fact, batch, outcome in done if not await self.committed(fact, batch, outcome)]
            assert len(slower) < len(facts)
            facts = slower

    async def attempt(self, fact: Event, batch: Batch) -> Outcome | None:
        unit = Unit(batch)
        try:
            outcome = await unit.conclude(await HEARD[type(fact)].run(fact)(unit, self.today))
        except Transient:
            return None
        unit.keep()
        return outcome

    async def committed(self, fact: Event, batch: Batch, outcome: Outcome | None) -> bool:
        if outcome is None:
            return True
        try:
            await self.bench.memory.commit(Commit([], batch.writes(), None))
        except Conflict:
            return False
        self.owed = [each for each in self.owed if each is not fact]
        self.bench.said += outcome.events
        for said in outcome.events:
            if isinstance(said, QuotaItemRefused) and any(why.rule == "Q1" for why in said.reasons):
                assert len(said.items_in_use) == LIMIT
        return True


Quotas.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q5")
@pytest.mark.rule("Q6")
class TestQuotas(Quotas.TestCase):  # type: ignore[misc, name-defined] # hypothesis makes the class
    pass
