"""Q2 and Q4 under any interleaving: events arrive late, twice, in any order, and in several processes at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest
from assessor_quota.domain.item import IN_USE, ItemState, QuotaItem
from assessor_quota.domain.naming import Word
from assessor_quota.handlers.sanctions import RevokeSanction, revoke_sanction, sanction_assessor
from chassis.handling import Refusal
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule
from messages.assessor_quota import QuotaItemConfirmed
from messages.event import Event
from messages.values import PersonRef

from .builders import LIMIT, NORTH, OFFICER, OTHER, decision, refused, withdrawn
from .model import (
    ACCEPTED,
    ASSESSORS,
    CROSSED,
    OUTCOMES,
    REPRESENTATIVES,
    REPRESENTED,
    YEARS_AHEAD,
    QuotaModel,
    Task,
    WordCommand,
)
from .words import confirmation, denial

OVER = {ItemState.RELEASED, ItemState.REFUSED}


class Quotas(QuotaModel, RuleBasedStateMachine):
    """Applications and review publish events in their own order; the order of arrival is drawn."""

    events = Bundle("facts")

    @initialize(order=st.randoms(use_true_random=False), used=st.sampled_from([0, LIMIT - 3]))
    def register(self, order: Random, used: int) -> None:
        self.begin(order)
        for _ in range(used):
            for by in (NORTH, OTHER):
                self.deliver_concurrently([self.submission(by, 0)])

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            with self.runner:
                self.deliver_everything()

    # Events of applications and review

    @rule(target=events, count=st.integers(1, 6), by=ASSESSORS, ahead=YEARS_AHEAD)
    def submit(self, count: int, by: str, ahead: int) -> object:
        return multiple(*(self.submission(by, ahead) for _ in range(count)))

    @rule(target=events, count=st.integers(1, 4), by=ASSESSORS, ahead=YEARS_AHEAD)
    def submit_unconfirmed(self, count: int, by: str, ahead: int) -> object:
        return multiple(*(self.submission(by, ahead, confirmed=False) for _ in range(count)))

    @rule(data=st.data(), count=st.integers(0, 4), confirm=st.booleans())
    @precondition(lambda self: self.named)
    def confirm_or_deny(self, data: st.DataObject, count: int, confirm: bool) -> None:  # noqa: FBT001 - drawn
        """An assessor confirms or denies, while other processes handle submissions, ends and acceptances."""
        application = data.draw(st.sampled_from(sorted(self.named)))
        by = self.named[application]
        if not confirm and (application, by) not in self.words and application not in self.harness.documents("items"):
            return  # nothing is there to deny
        about = [each for each in self.pending if each.subject == application]
        word = (confirmation if confirm else denial)(application, by=by)
        self.deliver_concurrently([*about[:count], WordCommand(word), *self.pending[:2]])

    @rule(target=events, data=st.data(), by=ASSESSORS, confirmed=st.booleans())
    @precondition(lambda self: self.ended - self.reviewed)
    def submit_again(self, data: st.DataObject, by: str, confirmed: bool) -> Event:  # noqa: FBT001 - drawn
        application = data.draw(st.sampled_from(sorted(self.ended - self.reviewed)))
        self.ended.discard(application)
        if confirmed:
            self.confirm_before(application, by)
        return self.publish_submitted(application, by)

    @rule(target=events, data=st.data(), withdraw=st.booleans())
    @precondition(lambda self: set(self.years) - self.ended - self.accepted)
    def end(self, data: st.DataObject, withdraw: bool) -> Event:  # noqa: FBT001 - drawn
        application = data.draw(st.sampled_from(sorted(set(self.years) - self.ended - self.accepted)))
        self.ended.add(application)
        return self.publish((withdrawn if withdraw else refused)(application, self.next(application)))

    @rule(target=events, data=st.data(), outcome=st.sampled_from(OUTCOMES))
    @precondition(lambda self: self.under_review())
    def review(self, data: st.DataObject, outcome: str) -> object:
        """Review knows only applications with a reserved item; some are withdrawn during the review."""
        application = data.draw(st.sampled_from(self.under_review()))
        self.reviewed.add(application)
        if outcome in ACCEPTED:
            self.accepted.add(application)
        if outcome in CROSSED:
            self.crossed.add(application)
        if outcome.startswith("withdrawn"):
            self.ended.add(application)
        return multiple(*map(self.publish, self.events_of(application, outcome)))

    # Deliveries to the service

    @rule(fact=events)
    def deliver(self, fact: Event) -> None:
        self.deliver_concurrently([fact])

    @rule(several=st.lists(events, min_size=2, max_size=8))
    def deliver_concurrently(self, several: Sequence[Task]) -> None:
        """As by one process each: all have read before the first commits."""
        self.runner.run(self.handle_concurrently(list(several)))

    @rule(count=st.integers(1, 8))
    def deliver_next(self, count: int) -> None:
        self.deliver_concurrently(self.pending[:count])

    @rule(uscc=ASSESSORS, to=REPRESENTATIVES, ago=st.integers(0, 3))
    def change_representative(self, uscc: str, to: PersonRef, ago: int) -> None:
        self.deliver_concurrently([self.change_command(uscc, to, ago)])

    @rule(
        target=events,
        uscc=ASSESSORS,
        to=REPRESENTATIVES,
        count=st.integers(1, 4),
        at=st.integers(0, 8),
        ahead=YEARS_AHEAD,
    )
    def change_representative_meanwhile(self, uscc: str, to: PersonRef, count: int, at: int, ahead: int) -> object:
        """While others handle new submissions with its reports, and earlier events."""
        said = list(self.pending[:4])
        submissions = [self.submission(uscc, ahead) for _ in range(count)]
        works: list[Task] = [*said, *submissions]
        self.deliver_concurrently([*works[:at], self.change_command(uscc, to, 0), *works[at:]])
        return multiple(*submissions)

    @rule(uscc=ASSESSORS)
    def sanction(self, uscc: str) -> None:
        number = f"处理{len(self.harness.published)}"
        command = decision(number, self.today.date(), against=uscc)
        self.runner.run(self.harness.handle(sanction_assessor, command, self.today))

    @rule(uscc=ASSESSORS)
    def revoke(self, uscc: str) -> None:
        command = RevokeSanction(uscc, "撤销", self.today.date(), OFFICER)
        try:
            self.runner.run(self.harness.handle(revoke_sanction, command, self.today))
        except Refusal as no:
            assert no.reasons[0].code in {"nothing-to-revoke", "decision-not-named"}  # noqa: PT017 - both are lawful

    @rule()
    def sleep(self) -> None:
        self.today += timedelta(days=400)

    # Invariants

    @invariant()
    def nobody_grants_more_than_fifteen_and_each_item_in_use_has_its_lines(self) -> None:
        if not hasattr(self, "harness"):
            return
        ledgers, items = self.stored()
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
    def no_item_is_in_use_without_the_assessors_own_word(self) -> None:
        for item in self.stored()[1] if hasattr(self, "harness") else ():
            if item.in_use:
                assert self.words[item.application_id, item.assessor.uscc] is Word.CONFIRMED

    @invariant()
    def what_was_confirmed_stays_in_use(self) -> None:
        if hasattr(self, "harness"):
            confirmed = {each.application_id for each in self.harness.published if isinstance(each, QuotaItemConfirmed)}
            kept = self.harness.documents("items")
            assert {each for each in confirmed if kept[each]["state"] not in IN_USE} == set()

    def deliver_everything(self) -> None:
        """After all deliveries an ended application holds no item, and any other is answered or confirmed."""
        for _ in ("in any order", "and again what waited for its reservation"):
            late = list(self.pending)
            self.order.shuffle(late)
            while late:
                self.deliver_concurrently(late[:4])
                del late[:4]
        assert self.pending == []
        self.what_was_confirmed_stays_in_use()
        items = {item.application_id: item for item in self.stored()[1]}
        states = {name: item.state for name, item in items.items()}
        for application in set(self.years) - self.accepted:
            over = application in self.ended | self.reviewed
            ended = over or items[application].denied
            assert states[application] in (OVER if ended else self.lawful_states(application))
        for application in self.accepted - self.crossed:
            denied = items[application].denied
            assert states[application] is (ItemState.RELEASED if denied else ItemState.CONFIRMED)

    def lawful_states(self, application: str) -> set[ItemState]:
        """Return the states of an application under way by its assessor's word: it waits only without one."""
        match self.words.get((application, self.named[application])):
            case None:
                return {ItemState.AWAITING, ItemState.REFUSED}
            case Word.DENIED:
                return OVER
            case _:
                return {ItemState.RESERVED, ItemState.REFUSED}


Quotas.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q4")
@pytest.mark.rule("Q5")
@pytest.mark.rule("Q6")
class TestQuotas(Quotas.TestCase):  # type: ignore[misc, valid-type] # hypothesis makes the class
    pass
