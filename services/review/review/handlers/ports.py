"""What every handler of review works with: the store's collections, and the one way to save steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from chassis.handling import Collection
from messages.event import Event

from review.domain.assessors import AssessorStatus
from review.domain.case import Case
from review.domain.expert import Expert
from review.domain.notice import Objection, PublicNotice
from review.domain.opinion import DocumentNumber
from review.domain.ranking import Batch, BatchRanking
from review.domain.record import ActorRef, RecordEntry, Transition, head_after, next_entry
from review.domain.unit_status import UnitStatus


class Store(Protocol):
    @property
    def cases(self) -> Collection[Case]: ...
    @property
    def records(self) -> Collection[RecordEntry]: ...
    @property
    def standings(self) -> Collection[UnitStatus]: ...
    @property
    def assessors(self) -> Collection[AssessorStatus]: ...
    @property
    def document_numbers(self) -> Collection[DocumentNumber]: ...
    @property
    def experts(self) -> Collection[Expert]: ...
    @property
    def batches(self) -> Collection[Batch]: ...
    @property
    def rankings(self) -> Collection[BatchRanking]: ...
    @property
    def notices(self) -> Collection[PublicNotice]: ...
    @property
    def objections(self) -> Collection[Objection]: ...


@dataclass(frozen=True)
class Receipt:
    """The answer to a command about one case: where it stands now."""

    case_id: str
    state: str
    outcome: str | None = None


def apply_transitions(store: Store, steps: Sequence[Transition], by: ActorRef, now: datetime) -> list[Event]:
    """Save the steps of one case and their entries in its record; returns what is said.

    Every step builds on the case of the step before it, so the last one is the case that is saved.
    """
    if not steps:
        return []
    head = steps[0].case.head
    for step in steps:
        entry = next_entry(head, step, by, now)
        store.records.save(entry.key, entry)
        head = head_after([entry])
    case = replace(steps[-1].case, head=head)
    store.cases.save(case.case_id, case)
    return [event for step in steps for event in step.events]


def receipt(steps: Sequence[Transition]) -> Receipt:
    case = steps[-1].case
    return Receipt(case.case_id, case.state, case.closing.outcome if case.closing else None)
