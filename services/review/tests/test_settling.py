"""A sanction or ban is stored once; whatever crosses it, each open case shows the newest word in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from chassis.persistence.errors import WriteConflictError
from chassis.persistence.unit_of_work import read_only_unit
from chassis.settling import LONGEST_TRANSACTION
from chassis.transactions.execution import Execution
from devkit.in_memory_store import InMemoryStore
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from messages.event import Event
from messages.review import CaseClosed, CaseOpened, CaseResumed, CaseSuspended
from messages.values import AssessorRef, Ban, UnitRef
from review.domain.case import Case
from review.domain.record import verify_chain
from review.handlers.applications import close_withdrawn_case, open_case, stop_ineligible_case
from review.handlers.assessors import record_revocation, record_sanction
from review.handlers.units import record_ban
from review.store import AGGREGATES, INDEXES, Store

from .builders import (
    AFFILIATE,
    ASSESSOR,
    COPPER,
    DAIRY,
    OPENED,
    STEEL,
    accepted,
    at,
    ineligible,
    removed,
    revoked,
    sanctioned,
    unit,
    withdrawn,
)
from .harness import SETTLING_JOBS, Message

NOW = at(OPENED)
LONGER = Ban(first_day=OPENED, last_day=OPENED.replace(year=2030))
TICK = LONGEST_TRANSACTION / 4
"""The clock moves in ticks; a transaction that is four ticks old is ended."""

UNITS = {name: unit(uscc) for name, uscc in (("app-1", STEEL), ("app-2", COPPER), ("app-3", DAIRY))}
ASSESSORS: dict[str, AssessorRef | None] = {"app-1": ASSESSOR, "app-2": ASSESSOR, "app-3": AFFILIATE}
FIRST, SECOND = "内工信通〔2026〕3号", "内工信通〔2026〕5号"

Fold = tuple[Message, ...]
SANCTIONS: Sequence[Fold] = (
    (),
    ((record_sanction, sanctioned(2, number=FIRST)),),
    ((record_sanction, sanctioned(2, number=FIRST)), (record_revocation, revoked(3, decision=FIRST))),
    (
        (record_sanction, sanctioned(2, number=FIRST)),
        (record_sanction, sanctioned(3, number=SECOND, until=LONGER.last_day)),
        (record_revocation, revoked(4, left=LONGER, decision=FIRST)),
    ),
    (
        (record_sanction, sanctioned(2, number=FIRST)),
        (record_revocation, revoked(3, decision=FIRST)),
        (record_sanction, sanctioned(4, number=SECOND)),
    ),
    (
        (record_sanction, sanctioned(2, number=FIRST)),
        (record_sanction, sanctioned(3, number=SECOND, until=LONGER.last_day)),
        (record_revocation, revoked(4, left=LONGER, decision=FIRST)),
        (record_revocation, revoked(5, decision=SECOND)),
    ),
)
"""Histories of one assessor; the last of each is the newest word."""
NEWEST: Sequence[str | None] = (None, FIRST, None, SECOND, SECOND, None)
"""The decision that holds at the end of each history."""
ENDS: Sequence[tuple[str, Callable[[str, UnitRef], Message]]] = (
    ("withdrawn", lambda case_id, of: (close_withdrawn_case, withdrawn(case_id, of))),
    ("ineligible", lambda case_id, of: (stop_ineligible_case, ineligible(case_id, of))),
    ("ineligible", lambda _, of: (record_ban, removed(of))),
)


@dataclass
class OpenTransaction:
    """A batch that has read its snapshot and run its handlers, and is not committed yet."""

    batch: Sequence[Message]
    execution: Execution
    events: list[Event]
    read_at: datetime


@dataclass
class Processes:
    """Several processes of review on one database in memory, each between its snapshot and its commit.

    As in the chassis, a batch that conflicts runs again on a new snapshot, and so does one whose snapshot is too old.
    """

    memory: InMemoryStore = field(default_factory=lambda: InMemoryStore(INDEXES))
    now: datetime = NOW
    running: list[OpenTransaction] = field(default_factory=list)
    published: list[Event] = field(default_factory=list)

    async def begin(self, batch: Sequence[Message]) -> None:
        self.running.append(await self._run(batch))

    async def commit(self, batch: Sequence[Message]) -> None:
        """Commit a batch begun before, unless it has been too old to wait."""
        current = next((each for each in self.running if each.batch is batch), None)
        if current is None:
            return
        self.running.remove(current)
        while not await self._committed(current):
            current = await self._run(current.batch)

    async def tick(self) -> None:
        """Let time pass; no transaction grows older than the bound."""
        while self.running and min(each.read_at for each in self.running) + LONGEST_TRANSACTION <= self.now + TICK:
            await self.commit(self.running[0].batch)
        self.now += TICK

    async def run_jobs(self) -> None:
        """Run the jobs that are due, each item in a transaction of its own."""
        for job in SETTLING_JOBS:
            for item in await job.due(self.store(), self.now):
                await self.begin(batch := [(job.handler, item)])
                await self.commit(batch)

    async def settle(self) -> None:
        while self.running:
            await self.commit(self.running[0].batch)
        for _ in range(3):
            await self.run_jobs()
            self.now += LONGEST_TRANSACTION

    def store(self) -> Store:
        return Store(read_only_unit(self.memory))

    async def _run(self, batch: Sequence[Message]) -> OpenTransaction:
        async with self.memory.snapshot() as snapshot:
            execution, events = Execution(snapshot, AGGREGATES), list[Event]()
            for handler, message in batch:
                done, outcome = await execution.handle(
                    lambda opened, now, handler=handler, message=message: handler(message, Store(opened), now), self.now
                )
                execution.add(done)
                events += outcome.events
        return OpenTransaction(batch, execution, events, self.now)

    async def _committed(self, current: OpenTransaction) -> bool:
        try:
            await self.memory.commit(current.execution.change_set())
        except WriteConflictError:
            return False
        self.published += current.events
        return True


MOMENTS = range(12)


@dataclass(frozen=True)
class Timed:
    """A batch that is read at one moment and committed at the same or a later one."""

    messages: tuple[Message, ...]
    read: int
    committed: int


@dataclass(frozen=True)
class Course:
    """The histories of two assessors, the ends of some applications, and when each batch and each round takes place."""

    histories: tuple[int, int]
    ends: frozenset[tuple[str, int]]
    batches: tuple[Timed, ...]
    rounds: frozenset[int]
    """The moments at which the jobs run."""
    ticks: frozenset[int]
    """The moments after which the clock moves on."""

    def newest_word_on(self, case_id: str) -> str | None:
        return NEWEST[self.histories[0 if ASSESSORS[case_id] == ASSESSOR else 1]]

    def ends_of(self, case_id: str) -> set[str]:
        return {ENDS[which][0] for name, which in self.ends if name == case_id}


def _of_affiliate(message: Message) -> Message:
    handler, said = message
    return handler, said.model_copy(update={"assessor_uscc": AFFILIATE.uscc, "name": AFFILIATE.name})


@st.composite
def courses(draw: st.DrawFn) -> Course:
    histories = draw(st.tuples(*[st.integers(0, len(SANCTIONS) - 1)] * 2))
    ends = draw(st.frozensets(st.tuples(st.sampled_from(sorted(UNITS)), st.integers(0, len(ENDS) - 1)), max_size=2))
    messages: list[Message] = [
        *((open_case, accepted(name, of, by=ASSESSORS[name])) for name, of in UNITS.items()),
        *SANCTIONS[histories[0]],
        *(_of_affiliate(each) for each in SANCTIONS[histories[1]]),
        *(ENDS[which][1](name, UNITS[name]) for name, which in sorted(ends)),
    ]
    again = draw(st.lists(st.sampled_from(range(len(messages))), max_size=3))
    ordered = draw(st.permutations([*messages, *(messages[each] for each in again)]))
    moments, moment = st.frozensets(st.sampled_from(MOMENTS)), st.sampled_from(MOMENTS)
    batches: list[Timed] = []
    while ordered:
        size, read, lasts = draw(st.tuples(st.integers(1, 3), moment, st.integers(0, 6)))
        batches.append(Timed(tuple(ordered[:size]), read, read + lasts))
        ordered = ordered[size:]
    return Course(histories, ends, tuple(batches), draw(moments), draw(moments))


async def follow(course: Course) -> Processes:
    """Read, commit, run jobs and let time pass, each at its moment; then settle."""
    processes = Processes()
    for moment in range(2 * len(MOMENTS)):
        for each in course.batches:
            if each.read == moment:
                await processes.begin(each.messages)
        for each in course.batches:
            if each.committed == moment:
                await processes.commit(each.messages)
        if moment in course.rounds:
            await processes.run_jobs()
        if moment in course.ticks:
            await processes.tick()
    await processes.settle()
    return processes


@pytest.mark.rule("S2", "S4", "B2", "A5", "V10")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(courses())
async def test_after_settling_every_open_case_shows_the_newest_word_in_any_interleaving(course: Course) -> None:
    processes = await follow(course)

    store = processes.store()
    for case in await store.cases.find():
        ends = course.ends_of(case.case_id)
        if ends:
            assert case.closing is not None, case.case_id
            assert case.closing.outcome in ends
        else:
            assert (case.ended, case.suspended_by) == (False, course.newest_word_on(case.case_id))
        entries = await store.records.find({"case_id": case.case_id}, sort=[("number", 1)])
        assert verify_chain(entries, case.head) is None
        assert_published_once(case, processes.published)
    assert await store.cases.count() == len(UNITS)
    assert [each.uscc for each in await store.assessors.find() if each.settling.due] == []
    assert [each.uscc for each in await store.unit_statuses.find() if each.settling.due] == []
    event(f"{len(processes.published)} events")


def assert_published_once(case: Case, published: Sequence[Event]) -> None:
    """Opened once, closed at most once, and suspended exactly as long as nothing resumed it."""
    said = [each for each in published if getattr(each, "case_id", None) == case.case_id]
    assert sum(isinstance(each, CaseOpened) for each in said) == 1
    assert sum(isinstance(each, CaseClosed) for each in said) == case.ended
    words = [each for each in said if isinstance(each, CaseSuspended | CaseResumed)]
    last = words[-1] if words else None
    assert case.suspended_by == (last.document_number if isinstance(last, CaseSuspended) else None)


OPENING: Message = (open_case, accepted("app-1", UNITS["app-1"], by=ASSESSOR))
CROSSING = pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ((record_sanction, sanctioned()), lambda case: case.suspended_by == FIRST),
        ((record_ban, removed(UNITS["app-1"])), lambda case: case.ended),
    ],
    ids=["sanction", "ban"],
)
Shown = Callable[[Case], bool]


@CROSSING
@pytest.mark.rule("S2", "B2")
async def test_who_crosses_the_fact_is_missed_by_the_first_round_and_found_by_the_second(
    stored: Message, shown: Shown
) -> None:
    """The first half is the control: without the second round this case would stay as it is."""
    processes, opening, fact = Processes(), [OPENING], [stored]
    await processes.begin(opening)
    await processes.begin(fact)
    await processes.commit(fact)
    await processes.run_jobs()
    await processes.commit(opening)
    await processes.run_jobs()
    assert not shown(await processes.store().cases.require("app-1"))

    processes.now += LONGEST_TRANSACTION
    await processes.run_jobs()

    assert shown(await processes.store().cases.require("app-1"))


@CROSSING
@pytest.mark.rule("S2", "B2")
async def test_a_fact_that_took_as_long_to_commit_as_a_transaction_may_reaches_everybody(
    stored: Message, shown: Shown
) -> None:
    processes, opening, fact = Processes(), [OPENING], [stored]
    await processes.begin(fact)
    processes.now += LONGEST_TRANSACTION - TICK
    await processes.begin(opening)
    await processes.commit(fact)
    await processes.run_jobs()
    processes.now += 2 * TICK
    await processes.run_jobs()
    await processes.commit(opening)

    await processes.settle()

    assert shown(await processes.store().cases.require("app-1"))
