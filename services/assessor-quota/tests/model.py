"""The model of the quota's property test: events published, and the answers that must follow."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TypeAlias, TypeGuard

from assessor_quota.bus import SUBSCRIPTIONS
from assessor_quota.domain.item import IN_USE, QuotaItem
from assessor_quota.domain.ledger import Ledger
from assessor_quota.domain.naming import Word
from assessor_quota.handlers.namings import ConfirmNamings, DenyNaming, confirm_namings, deny_naming
from assessor_quota.handlers.representatives import ChangeRepresentative, change_representative
from assessor_quota.store import AGGREGATES, Store
from chassis.handling import Refusal, TransientError
from chassis.persistence import UnitOfWork
from chassis.persistence.errors import WriteConflictError
from chassis.persistence.unit_of_work import ChangeSet, HandlerCall, HandlerOutcome, IdentityMap
from hypothesis import strategies as st
from messages.assessor_quota import QuotaItemRefused, QuotaItemReserved
from messages.event import Event
from messages.review import CaseClosed, InitialReviewAccepted
from messages.values import PersonRef

from .builders import (
    LI,
    LIMIT,
    NORTH,
    NOW,
    OTHER,
    SOUTH,
    THIRD,
    WANG,
    accepted,
    assessor,
    change,
    closed,
    review_refused,
    submitted,
    withdrawn,
)
from .harness import handler_harness
from .words import confirmation

HANDLERS = {each.event_type: each for each in SUBSCRIPTIONS}
ASSESSORS = st.sampled_from([NORTH, SOUTH, THIRD, NORTH, SOUTH, THIRD, OTHER])
"""Mostly one representative, so that the limit is reached."""
YEARS_AHEAD = st.sampled_from([0, 0, 0, 1])
"""Batches of this year, and of the next."""
ZHAO = PersonRef(digest="d" * 64, masked="15**************33")
REPRESENTATIVES = st.sampled_from([WANG, LI, ZHAO])
REPRESENTED = {NORTH: WANG, SOUTH: WANG, THIRD: WANG, OTHER: LI}

ACCEPTED = (
    "accepted",
    "late",
    "ineligible after acceptance",
    "withdrawn after acceptance",
    "withdrawn as it was accepted",
)
"""Outcomes after initial review accepted; applications did not know of the last one when it was withdrawn."""
CROSSED = ("withdrawn as it was accepted",)
"""Outcomes whose end alone does not prove the acceptance: another may have the slot when that arrives."""
OUTCOMES = (*ACCEPTED, "refused", "ineligible", "withdrawn")


PERIODS = frozenset({"change-in-future", "periods-overlap", "change-before-registration", "same-representative"})
"""Codes for which a change of the legal representative is refused: periods and people are drawn blindly (Q4)."""


@dataclass(frozen=True)
class Command:
    """A change of the representative, made by one process while others handle events."""

    change: ChangeRepresentative


@dataclass(frozen=True)
class WordCommand:
    """A word of an assessor, given by one process while others handle events."""

    word: ConfirmNamings | DenyNaming


Task: TypeAlias = Event | Command | WordCommand


class QuotaModel:
    """The events of applications and review, handled by several processes at once."""

    def begin(self, order: Random) -> None:
        self.order = order
        self.runner = asyncio.Runner()
        self.harness = self.runner.run(handler_harness(assessor(THIRD)))
        self.today = NOW
        self.changes: dict[str, list[tuple[date, PersonRef]]] = {uscc: [] for uscc in REPRESENTED}
        self.sequences: Counter[str] = Counter()
        self.years: dict[str, int] = {}
        self.ended: set[str] = set()
        self.reviewed: set[str] = set()
        self.accepted: set[str] = set()
        self.crossed: set[str] = set()
        self.last_submissions: dict[str, int] = {}
        self.reserved: dict[str, int] = {}
        self.pending: list[Event] = []
        self.named: dict[str, str] = {}
        """Application → the assessor that its latest submission names."""
        self.words: dict[tuple[str, str], Word] = {}
        """The latest word of an assessor on an application, once it is committed."""

    def submission(self, by: str, ahead: int, *, confirmed: bool = True) -> Event:
        application = f"app-{len(self.years)}"
        self.years[application] = self.today.year + ahead
        if confirmed:
            self.confirm_before(application, by)
        return self.publish_submitted(application, by)

    def confirm_before(self, application: str, by: str) -> None:
        """Let the assessor have given its word before the submission, unless it has said something already."""
        if (application, by) not in self.words:
            self.runner.run(self.handle_concurrently([WordCommand(confirmation(application, by=by))]))

    def publish_submitted(self, application: str, by: str) -> Event:
        self.named[application] = by
        self.last_submissions[application] = sequence = self.next(application)
        year, day = self.years[application], self.today.date()
        return self.publish(submitted(application, by, sequence=sequence, batch_year=year, submitted_on=day))

    def events_of(self, application: str, outcome: str) -> list[Event]:
        """Return the events of an outcome."""
        kept = outcome in ACCEPTED
        early: list[Event] = [accepted(application)] if kept else []
        if outcome.startswith("withdrawn"):
            late = outcome == "withdrawn after acceptance"
            end = withdrawn(application, self.next(application), after_initial_review=late)
            return [*early, end, closed("withdrawn", application, accepted_before=kept)]
        if outcome.startswith("ineligible"):
            return [*early, closed("ineligible", application, accepted_before=kept)]
        if outcome == "refused":
            return [review_refused(application), closed("initial_review_refused", application, accepted_before=False)]
        return [*early, *([closed("late", application, accepted_before=True)] if outcome == "late" else [])]

    def change_command(self, uscc: str, to: PersonRef, ago: int) -> Command:
        return Command(change(to, self.today.date() - timedelta(days=ago), uscc))

    def in_office(self, item: QuotaItem) -> list[PersonRef]:
        """Return, by the calendar alone, the holder on the day of submission and the successors in the item's year."""
        assert item.submitted_on is not None
        first, last = date(item.year, 1, 1), date(item.year, 12, 31)
        day = min(max(item.submitted_on, first), last)
        holder = REPRESENTED[item.assessor.uscc]
        for taken_over, to in self.changes[item.assessor.uscc]:
            holder = to if taken_over <= day else holder
        return [holder, *(to for taken_over, to in self.changes[item.assessor.uscc] if day < taken_over <= last)]

    def next(self, application: str) -> int:
        """Return the sequence of the application's next event."""
        self.sequences[application] += 1
        return self.sequences[application]

    def publish(self, fact: Event) -> Event:
        self.pending.append(fact)
        return fact

    def under_review(self) -> list[str]:
        """Return the applications whose latest submission was answered with an item."""
        reserved = {name for name, submission in self.reserved.items() if submission == self.last_submissions[name]}
        return sorted(reserved - self.reviewed - self.ended)

    def stored(self) -> tuple[list[Ledger], list[QuotaItem]]:
        store = self.harness.store()
        return self.runner.run(store.ledgers.find()), self.runner.run(store.items.find())

    async def handle_concurrently(self, works: list[Task]) -> None:
        while works:
            read = [(work, IdentityMap(self.harness.memory, AGGREGATES)) for work in works]
            done = [(work, batch, await self.attempt(work, batch)) for work, batch in read]
            slower = [work for work, batch, outcome in done if not await self.commit(work, batch, outcome)]
            assert len(slower) < len(works)
            works = slower

    async def attempt(self, work: Task, batch: IdentityMap) -> HandlerOutcome | None:
        unit = UnitOfWork(batch)
        try:
            outcome = await unit.finish(await self.handler_call(work)(unit, self.today))
        except TransientError:
            return None
        except Refusal as no:
            lawful = {"naming-settled", "naming-unknown"} if isinstance(work, WordCommand) else PERIODS
            assert {each.code for each in no.reasons} <= lawful  # noqa: PT017 - periods and people are drawn blindly
            return None
        if isinstance(work, Event):
            await self.check_acceptance(work, Store(unit))
        unit.flush()
        return outcome

    def handler_call(self, work: Task) -> HandlerCall:
        if isinstance(work, WordCommand):
            word = work.word
            if isinstance(word, ConfirmNamings):
                return lambda unit, now: confirm_namings(word, Store(unit), now)
            return lambda unit, now: deny_naming(word, Store(unit), now)
        if isinstance(work, Command):
            return lambda unit, now: change_representative(work.change, Store(unit), now)
        return HANDLERS[type(work)].call(work, Store)

    async def commit(self, work: Task, batch: IdentityMap, outcome: HandlerOutcome | None) -> bool:
        if outcome is None:
            return True
        in_use = {key for key, item in self.harness.documents("items").items() if item["state"] in IN_USE}
        try:
            await self.harness.memory.commit(ChangeSet([], batch.writes(), None))
        except WriteConflictError:
            return False
        self.pending = [each for each in self.pending if each is not work]
        self.harness.published += outcome.events
        if isinstance(work, Command):
            self.changes[work.change.uscc].append((work.change.changed_on, work.change.successor))
            return True
        if isinstance(work, WordCommand):
            self.note_word(work.word)
        self.check_answers(outcome.events, in_use)
        return True

    def note_word(self, word: ConfirmNamings | DenyNaming) -> None:
        if isinstance(word, DenyNaming):
            self.words[word.application_id, word.uscc] = Word.DENIED
            return
        for each in word.namings:
            self.words[each.application_id, word.uscc] = Word.CONFIRMED

    def check_answers(self, events: Sequence[Event], in_use: set[str]) -> None:
        for said in events:
            if isinstance(said, QuotaItemReserved):
                item = self.harness.documents("items")[said.application_id]
                self.reserved[said.application_id] = item["last_submission_sequence"]
                assert said.used <= LIMIT or said.application_id in in_use
            if isinstance(said, QuotaItemRefused) and any(why.rule == "Q1" for why in said.reasons):
                assert len(said.items_in_use) >= LIMIT

    async def check_acceptance(self, fact: Event, store: Store) -> None:
        """Once review says that it had accepted, a slot stays given back only where none was left to take.

        None was left when the fact was handled: a slot that another process frees meanwhile comes too late, as if it
        had been freed afterwards. So ``store`` shows what this process read, and what it is about to write.
        """
        if not proves_acceptance(fact):
            return
        item = await store.items.require(fact.case_id)
        if not item.in_use and not item.denied:
            keys = [f"{each.digest}:{item.year}" for each in self.in_office(item)]
            full = [each for key in keys if (each := await store.ledgers.get(key)) and each.used >= LIMIT]
            assert full


def proves_acceptance(fact: Event) -> TypeGuard[InitialReviewAccepted | CaseClosed]:
    return isinstance(fact, InitialReviewAccepted) or (isinstance(fact, CaseClosed) and fact.initial_review_accepted)
