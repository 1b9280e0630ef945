"""Q2 under any interleaving: facts are heard late, twice, in any order, and by several processes at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest
from assessor_quota import handlers
from assessor_quota.bus import HEARS
from assessor_quota.domain.item import Item, ItemState
from assessor_quota.domain.ledger import Ledger
from assessor_quota.store import AGGREGATES
from chassis.handling import Refusal, Transient
from chassis.unit import Batch, Commit, Conflict, Outcome, Unit
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule
from messages.assessor_quota import QuotaItemConfirmed, QuotaItemRefused, QuotaItemReserved
from messages.event import Event

from .kit import (
    LIMIT,
    NORTH,
    NOW,
    OFFICER,
    OTHER,
    SOUTH,
    THIRD,
    accepted,
    assessor,
    closed,
    decision,
    desk,
    refused,
    review_refused,
    submitted,
    withdrawn,
)

HEARD = {each.event_type: each for each in HEARS}
BY = st.sampled_from([NORTH, SOUTH, THIRD, NORTH, SOUTH, THIRD, OTHER])
"""Mostly one representative, so that the limit is reached."""
YEARS = st.sampled_from([2026, 2026, 2026, 2027])

KEPT = ("accepted", "late", "withdrawn after acceptance", "withdrawn as it was accepted")
"""Verdicts by which initial review has accepted; of the last applications could not know when it was withdrawn."""
VERDICTS = (*KEPT, "refused", "ineligible", "withdrawn")


class Quotas(RuleBasedStateMachine):
    """Applications and review say facts in their own order; which of them is heard when is drawn."""

    facts = Bundle("facts")

    @initialize(order=st.randoms(use_true_random=False))
    def register(self, order: Random) -> None:
        self.order = order
        self.runner = asyncio.Runner()
        self.bench = self.runner.run(desk(assessor(THIRD)))
        self.today = NOW
        self.sequences: Counter[str] = Counter()
        self.years: dict[str, int] = {}
        self.ended: set[str] = set()
        self.reviewed: set[str] = set()
        self.accepted: set[str] = set()
        self.crossed: set[str] = set()
        self.asked: dict[str, int] = {}
        self.reserved: dict[str, int] = {}
        self.owed: list[Event] = []

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            with self.runner:
                self.hear_everything()

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
    @precondition(lambda self: set(self.years) - self.ended - self.accepted)
    def end(self, data: st.DataObject, withdraw: bool) -> Event:  # noqa: FBT001 - drawn
        application = data.draw(st.sampled_from(sorted(set(self.years) - self.ended - self.accepted)))
        self.ended.add(application)
        return self.owe((withdrawn if withdraw else refused)(application, self.next(application)))

    @rule(target=facts, data=st.data(), verdict=st.sampled_from(VERDICTS))
    @precondition(lambda self: self.under_review())
    def review(self, data: st.DataObject, verdict: str) -> object:
        """Review knows only applications whose item was said to be reserved; some are withdrawn under its hands."""
        application = data.draw(st.sampled_from(self.under_review()))
        self.reviewed.add(application)
        if verdict in KEPT:
            self.accepted.add(application)
        if verdict == "withdrawn as it was accepted":
            self.crossed.add(application)
        if verdict.startswith("withdrawn"):
            self.ended.add(application)
        return multiple(*map(self.owe, self.told(application, verdict)))

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
        command = decision(number, self.today.date(), against=uscc)
        self.runner.run(self.bench.handle(handlers.sanction_assessor, command, self.today))

    @rule(uscc=BY)
    def revoke(self, uscc: str) -> None:
        command = handlers.RevokeSanction(uscc, "撤销", self.today.date(), OFFICER)
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
        for _ in ("in any order", "and again what waited for its reservation"):
            late = list(self.owed)
            self.order.shuffle(late)
            while late:
                self.hear_at_once(late[:4])
                del late[:4]
        assert self.owed == []
        self.what_was_confirmed_stays_in_use()
        states = {item.application_id: item.state for item in self.kept()[1]}
        for application in set(self.years) - self.accepted:
            over = application in self.ended | self.reviewed
            lawful = {ItemState.RELEASED, ItemState.REFUSED} if over else {ItemState.RESERVED, ItemState.REFUSED}
            assert states[application] in lawful
        for application in self.accepted - self.crossed:
            assert states[application] is ItemState.CONFIRMED

    # How

    def say_submitted(self, application: str, by: str) -> Event:
        self.asked[application] = sequence = self.next(application)
        return self.owe(submitted(application, by, sequence=sequence, batch_year=self.years[application]))

    def told(self, application: str, verdict: str) -> list[Event]:
        if verdict.startswith("withdrawn"):
            late = verdict == "withdrawn after acceptance"
            end = withdrawn(application, self.next(application), after_initial_review=late)
            early = [accepted(application)] if verdict in KEPT else []
            return [*early, end, closed("withdrawn", application)]
        return {
            "accepted": [accepted(application)],
            "refused": [review_refused(application), closed("initial_review_refused", application)],
            "ineligible": [closed("ineligible", application)],
            "late": [accepted(application), closed("late", application)],
        }[verdict]

    def next(self, application: str) -> int:
        """The number of the application's next fact."""
        self.sequences[application] += 1
        return self.sequences[application]

    def owe(self, fact: Event) -> Event:
        self.owed.append(fact)
        return fact

    def under_review(self) -> list[str]:
        """The latest submission of each was answered with an item."""
        reserved = {name for name, submission in self.reserved.items() if submission == self.asked[name]}
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
            if isinstance(said, QuotaItemReserved):
                self.reserved[said.application_id] = fact.sequence
            if isinstance(said, QuotaItemRefused) and any(why.rule == "Q1" for why in said.reasons):
                assert len(said.items_in_use) == LIMIT
        return True


Quotas.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q5")
@pytest.mark.rule("Q6")
class TestQuotas(Quotas.TestCase):  # type: ignore[misc, name-defined] # hypothesis makes the class
    pass
