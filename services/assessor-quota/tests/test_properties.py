"""Q2 and Q4 under any interleaving: facts are heard late, twice, in any order, and by several processes at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest
from assessor_quota import handlers
from assessor_quota.domain.item import IN_USE, ItemState, QuotaItem
from chassis.handling import Refusal
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule
from messages.assessor_quota import QuotaItemConfirmed
from messages.event import Event
from messages.values import PersonRef

from .kit import (
    LIMIT,
    NORTH,
    OFFICER,
    OTHER,
    decision,
    refused,
    withdrawn,
)
from .quotas_told import AHEAD, BY, CROSSED, KEPT, PEOPLE, REPRESENTED, VERDICTS, Told, Work


class Quotas(Told, RuleBasedStateMachine):
    """Applications and review say facts in their own order; which of them is heard when is drawn."""

    facts = Bundle("facts")

    @initialize(order=st.randoms(use_true_random=False), used=st.sampled_from([0, LIMIT - 3]))
    def register(self, order: Random, used: int) -> None:
        self.begin(order)
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

    @rule(target=facts, data=st.data(), verdict=st.sampled_from(VERDICTS))
    @precondition(lambda self: self.under_review())
    def review(self, data: st.DataObject, verdict: str) -> object:
        """Review knows only applications whose item was said to be reserved; some are withdrawn under its hands."""
        application = data.draw(st.sampled_from(self.under_review()))
        self.reviewed.add(application)
        if verdict in KEPT:
            self.accepted.add(application)
        if verdict in CROSSED:
            self.crossed.add(application)
        if verdict.startswith("withdrawn"):
            self.ended.add(application)
        return multiple(*map(self.owe, self.told(application, verdict)))

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
        number = f"处理{len(self.bench.published)}"
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

    def counts_with_everybody_who_took_over(self, item: QuotaItem) -> None:
        ever = {REPRESENTED[item.assessor.uscc], *(to for _, to in self.changes[item.assessor.uscc])}
        counted = set(item.ledgers)
        assert {f"{each.digest}:{item.year}" for each in self.in_office(item)} <= counted
        assert counted <= {f"{each.digest}:{item.year}" for each in ever}

    @invariant()
    def what_was_confirmed_stays_in_use(self) -> None:
        if hasattr(self, "bench"):
            confirmed = {each.application_id for each in self.bench.published if isinstance(each, QuotaItemConfirmed)}
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


Quotas.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q4")
@pytest.mark.rule("Q5")
@pytest.mark.rule("Q6")
class TestQuotas(Quotas.TestCase):  # type: ignore[misc, name-defined] # hypothesis makes the class
    pass
