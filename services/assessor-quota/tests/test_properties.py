"""Q2 and Q4 under any interleaving: facts are heard late, twice, in any order, and by several processes at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TypeAlias

import pytest
from assessor_quota import handlers
from assessor_quota.bus import HEARS
from assessor_quota.domain.item import IN_USE, Item, ItemState
from assessor_quota.domain.ledger import Ledger
from assessor_quota.store import AGGREGATES, Store
from chassis.bus import Run
from chassis.handling import Refusal, Transient
from chassis.unit import Batch, Commit, Conflict, Outcome, Unit
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule
from messages.assessor_quota import QuotaItemConfirmed, QuotaItemRefused, QuotaItemReserved
from messages.event import Event
from messages.review import InitialReviewAccepted
from messages.values import PersonRef

from .kit import (
    LI,
    LIMIT,
    NORTH,
    NOW,
    OFFICER,
    OTHER,
    SOUTH,
    THIRD,
    WANG,
    accepted,
    assessor,
    change,
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
AHEAD = st.sampled_from([0, 0, 0, 1])
"""Batches of this year, and of the next."""
ZHAO = PersonRef(digest="d" * 64, masked="15**************33")
PEOPLE = st.sampled_from([WANG, LI, ZHAO])
REPRESENTED = {NORTH: WANG, SOUTH: WANG, THIRD: WANG, OTHER: LI}

KEPT = ("accepted", "late", "ineligible after acceptance", "withdrawn after acceptance", "withdrawn as it was accepted")
"""Verdicts by which initial review has accepted; of the last applications could not know when it was withdrawn."""
CROSSED = ("withdrawn as it was accepted", "ineligible after acceptance")
"""Whose end alone does not tell of the acceptance, so that the place can be another's when that is heard."""
VERDICTS = (*KEPT, "refused", "ineligible", "withdrawn")


@dataclass(frozen=True)
class Command:
    """A change of the representative, done by one process beside what others hear."""

    change: handlers.ChangeRepresentative


Work: TypeAlias = Event | Command


class Quotas(RuleBasedStateMachine):
    """Applications and review say facts in their own order; which of them is heard when is drawn."""

    facts = Bundle("facts")

    @initialize(order=st.randoms(use_true_random=False), used=st.sampled_from([0, LIMIT - 3]))
    def register(self, order: Random, used: int) -> None:
        self.order = order
        self.runner = asyncio.Runner()
        self.bench = self.runner.run(desk(assessor(THIRD)))
        self.today = NOW
        self.changes: dict[str, list[tuple[date, PersonRef]]] = {uscc: [] for uscc in REPRESENTED}
        self.sequences: Counter[str] = Counter()
        self.years: dict[str, int] = {}
        self.ended: set[str] = set()
        self.reviewed: set[str] = set()
        self.accepted: set[str] = set()
        self.crossed: set[str] = set()
        self.asked: dict[str, int] = {}
        self.reserved: dict[str, int] = {}
        self.owed: list[Event] = []
        for _ in range(used):
            for by in (NORTH, OTHER):
                self.hear_at_once([self.submission(by, 0)])

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            with self.runner:
                self.hear_everything()

    # What applications and review say

    @rule(target=facts, count=st.integers(1, 6), by=BY, ahead=AHEAD)
    def submit(self, count: int, by: str, ahead: int) -> object:
        return multiple(*(self.submission(by, ahead) for _ in range(count)))

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

    @rule(target=facts, data=st.data(), verdict=st.sampled_from(VERDICTS), tells=st.booleans())
    @precondition(lambda self: self.under_review())
    def review(self, data: st.DataObject, verdict: str, tells: bool) -> object:  # noqa: FBT001 - drawn
        """Review knows only applications whose item was said to be reserved; some are withdrawn under its hands."""
        application = data.draw(st.sampled_from(self.under_review()))
        self.reviewed.add(application)
        if verdict in KEPT:
            self.accepted.add(application)
        if verdict in CROSSED:
            self.crossed.add(application)
        if verdict.startswith("withdrawn"):
            self.ended.add(application)
        return multiple(*map(self.owe, self.told(application, verdict, tells)))

    # What the service hears

    @rule(fact=facts)
    def hear(self, fact: Event) -> None:
        self.hear_at_once([fact])

    @rule(several=st.lists(facts, min_size=2, max_size=8))
    def hear_at_once(self, several: Sequence[Work]) -> None:
        """As by one process each: all have read before the first commits."""
        self.runner.run(self.race(list(several)))

    @rule(count=st.integers(1, 8))
    def hear_what_is_next(self, count: int) -> None:
        self.hear_at_once(self.owed[:count])

    @rule(uscc=BY, to=PEOPLE, ago=st.integers(0, 3))
    def change_representative(self, uscc: str, to: PersonRef, ago: int) -> None:
        self.hear_at_once([self.changing(uscc, to, ago)])

    @rule(target=facts, uscc=BY, to=PEOPLE, count=st.integers(1, 4), at=st.integers(0, 8), ahead=AHEAD)
    def change_representative_meanwhile(self, uscc: str, to: PersonRef, count: int, at: int, ahead: int) -> object:
        """While others hear of new submissions with its reports, and of what was said before."""
        said = list(self.owed[:4])
        submissions = [self.submission(uscc, ahead) for _ in range(count)]
        works: list[Work] = [*said, *submissions]
        self.hear_at_once([*works[:at], self.changing(uscc, to, 0), *works[at:]])
        return multiple(*submissions)

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
    def nobody_grants_more_than_fifteen_and_each_item_in_use_has_its_lines(self) -> None:
        if not hasattr(self, "bench"):
            return
        ledgers, items = self.kept()
        for ledger in ledgers:
            assert sum(line.carried_on is None for line in ledger.lines) <= LIMIT
            assert len({line.application_id for line in ledger.lines}) == ledger.used
        in_use = [item for item in items if item.in_use]
        lines = sorted((ledger.key, line.application_id) for ledger in ledgers for line in ledger.lines)
        assert lines == sorted((key, item.application_id) for item in in_use for key in item.ledgers)
        for item in in_use:
            self.counts_with_everybody_who_took_over(item)

    def counts_with_everybody_who_took_over(self, item: Item) -> None:
        ever = {REPRESENTED[item.assessor.uscc], *(to for _, to in self.changes[item.assessor.uscc])}
        counted = set(item.ledgers)
        assert {f"{each.digest}:{item.year}" for each in self.in_office(item)} <= counted
        assert counted <= {f"{each.digest}:{item.year}" for each in ever}

    @invariant()
    def what_was_confirmed_stays_in_use(self) -> None:
        if hasattr(self, "bench"):
            confirmed = {each.application_id for each in self.bench.said if isinstance(each, QuotaItemConfirmed)}
            kept = self.bench.documents("items")
            assert all(kept[application]["state"] in IN_USE for application in confirmed)

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

    def submission(self, by: str, ahead: int) -> Event:
        application = f"app-{len(self.years)}"
        self.years[application] = self.today.year + ahead
        return self.say_submitted(application, by)

    def say_submitted(self, application: str, by: str) -> Event:
        self.asked[application] = sequence = self.next(application)
        year, day = self.years[application], self.today.date()
        return self.owe(submitted(application, by, sequence=sequence, batch_year=year, submitted_on=day))

    def told(self, application: str, verdict: str, tells: bool) -> list[Event]:  # noqa: FBT001 - drawn
        """What is said of a verdict; review ``tells`` with the end of a case whether it had accepted it, or not yet."""
        kept = verdict in KEPT
        before = kept if tells else None
        early: list[Event] = [accepted(application)] if kept else []
        if verdict.startswith("withdrawn"):
            late = verdict == "withdrawn after acceptance"
            end = withdrawn(application, self.next(application), after_initial_review=late)
            return [*early, end, closed("withdrawn", application, accepted_before=before)]
        if verdict.startswith("ineligible"):
            return [*early, closed("ineligible", application, accepted_before=before)]
        if verdict == "refused":
            end_of_case = closed("initial_review_refused", application, accepted_before=before)
            return [review_refused(application), end_of_case]
        return [*early, *([closed("late", application, accepted_before=before)] if verdict == "late" else [])]

    def changing(self, uscc: str, to: PersonRef, ago: int) -> Command:
        return Command(change(to, self.today.date() - timedelta(days=ago), uscc))

    def in_office(self, item: Item) -> list[PersonRef]:
        """By the calendar alone: who held the office on the day of submission, and who took over in the item's year."""
        assert item.submitted_on is not None
        first, last = date(item.year, 1, 1), date(item.year, 12, 31)
        day = min(max(item.submitted_on, first), last)
        holder = REPRESENTED[item.assessor.uscc]
        for taken_over, to in self.changes[item.assessor.uscc]:
            holder = to if taken_over <= day else holder
        return [holder, *(to for taken_over, to in self.changes[item.assessor.uscc] if day < taken_over <= last)]

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

    async def race(self, works: list[Work]) -> None:
        while works:
            read = [(work, Batch(self.bench.memory, AGGREGATES)) for work in works]
            done = [(work, batch, await self.attempt(work, batch)) for work, batch in read]
            slower = [work for work, batch, outcome in done if not await self.committed(work, batch, outcome)]
            assert len(slower) < len(works)
            works = slower

    async def attempt(self, work: Work, batch: Batch) -> Outcome | None:
        unit = Unit(batch)
        try:
            outcome = await unit.conclude(await self.running(work)(unit, self.today))
        except Transient:
            return None
        except Refusal as no:
            assert {each.rule for each in no.reasons} == {"Q4"}  # noqa: PT017 - periods and people are drawn blindly
            return None
        unit.keep()
        return outcome

    def running(self, work: Work) -> Run:
        if isinstance(work, Command):
            return lambda unit, now: handlers.change_representative(work.change, Store(unit), now)
        return HEARD[type(work)].run(work)

    async def committed(self, work: Work, batch: Batch, outcome: Outcome | None) -> bool:
        if outcome is None:
            return True
        in_use = {key for key, item in self.bench.documents("items").items() if item["state"] in IN_USE}
        try:
            await self.bench.memory.commit(Commit([], batch.writes(), None))
        except Conflict:
            return False
        self.owed = [each for each in self.owed if each is not work]
        self.bench.said += outcome.events
        if isinstance(work, Command):
            self.changes[work.change.uscc].append((work.change.changed_on, work.change.successor))
        else:
            self.answered(work, outcome.events, in_use)
            await self.kept_or_taken(work)
        return True

    def answered(self, fact: Event, events: Sequence[Event], in_use: set[str]) -> None:
        for said in events:
            if isinstance(said, QuotaItemReserved):
                self.reserved[said.application_id] = fact.sequence
                assert said.used <= LIMIT or said.application_id in in_use
            if isinstance(said, QuotaItemRefused) and any(why.rule == "Q1" for why in said.reasons):
                assert len(said.items_in_use) >= LIMIT

    async def kept_or_taken(self, fact: Event) -> None:
        """Once review says that it had accepted, a place stays given back only where none was left to take."""
        if not isinstance(fact, InitialReviewAccepted):
            return
        item = await self.bench.look().items.require(fact.case_id)
        if not item.in_use:
            keys = [f"{each.digest}:{item.year}" for each in self.in_office(item)]
            full = [each for key in keys if (each := await self.bench.look().ledgers.get(key)) and each.used >= LIMIT]
            assert full


Quotas.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q4")
@pytest.mark.rule("Q5")
@pytest.mark.rule("Q6")
class TestQuotas(Quotas.TestCase):  # type: ignore[misc, name-defined] # hypothesis makes the class
    pass
