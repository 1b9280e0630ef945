"""The prefecture department: initial review, opinion document, forwarding (V1 to V4)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from chassis.handling import Done, Refusal
from messages.event import Event
from messages.review import Stage
from messages.spelling import document_number_form
from messages.values import FileRef
from rulebook import rules_of, shanghai_date

from review.domain import draw, forwarding, opinion
from review.domain.case import Case, OpinionDocument
from review.domain.opinion import DocumentNumber
from review.domain.ranking import batch_id
from review.domain.record import SERVICE, ActorRef
from review.domain.refusals import require_region
from review.handlers.loading import DueCase, load_case
from review.handlers.ports import SEED_BYTES, Store
from review.handlers.transitions import apply_act, receipt


@dataclass(frozen=True)
class DecideInitialReview:
    case_id: str
    accept: bool
    text: str
    dealt_with: Mapping[str, str]
    by: ActorRef


@dataclass(frozen=True)
class IssueOpinion:
    case_id: str
    number: str
    conclusion: Literal["recommended", "not_recommended"]
    attachments: tuple[FileRef, ...]
    dealt_with: Mapping[str, str]
    by: ActorRef


@dataclass(frozen=True)
class ForwardCase:
    case_id: str
    by: ActorRef


class CloseLateCase(DueCase):
    """Close a case that was not forwarded in time."""


async def decide_initial_review(command: DecideInitialReview, store: Store, now: datetime) -> Done:
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    case = current.case
    if command.accept:
        transitions = [opinion.accept_case(case, command.text, command.dealt_with, today)]
    else:
        transitions = opinion.refuse_case(case, command.text, today)
    return Done(apply_act(store, current, transitions, command.by, now), receipt(transitions))


async def issue_opinion(command: IssueOpinion, store: Store, now: datetime) -> Done:
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    case = current.case
    number = document_number_form(command.number)
    document = OpinionDocument(number, today, command.conclusion, command.attachments, dict(command.dealt_with))
    transitions = opinion.issue_opinion(case, document, rules_of(case.rule_set), today)
    await _reserve_number(DocumentNumber(number, case.case_id), case, today.year, store)
    return Done(apply_act(store, current, transitions, command.by, now), receipt(transitions))


async def _reserve_number(number: DocumentNumber, case: Case, year: int, store: Store) -> None:
    key = opinion.document_key(case.unit.prefecture, year, number.number)
    if (holder := await store.document_numbers.get(key)) is not None:
        raise opinion.document_number_taken(holder)
    store.document_numbers.save(key, number)


async def forward_case(command: ForwardCase, store: Store, now: datetime) -> Done:
    """Forward to the region; after the deadline the refusal is recorded and the case is late (V4)."""
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    case = current.case
    require_region(case.level)
    transition = forwarding.forward_case(case, rules_of(case.rule_set), today)
    events = apply_act(store, current, [transition], command.by, now)
    if transition.case.state is Stage.LATE and transition.case.closing is not None:
        return Done(events, refusal=Refusal("deadline-passed", *transition.case.closing.reasons))
    events += await _begin_batch(case, store, today)
    return Done(events, receipt([transition]))


async def close_late_case(command: CloseLateCase, store: Store, now: datetime) -> list[Event]:
    """Close for the job: with the end of the case the unit may apply anew (E13). It may have ended since the poll."""
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    rules = rules_of(current.case.rule_set)
    if not forwarding.is_late(current.case, rules, today):
        return []
    return apply_act(store, current, [forwarding.close_late_case(current.case, rules, today)], SERVICE, now)


async def _begin_batch(case: Case, store: Store, today: date) -> list[Event]:
    """Begin the batch with its first case, and publish the commitment to the seed of its lots (V7)."""
    key = batch_id(case.level, case.batch_year)
    if await store.batches.get(key) is not None:
        return []
    batch, committed = draw.begin_batch(case.level, case.batch_year, secrets.token_hex(SEED_BYTES), today)
    store.batches.save(key, batch)
    return [committed]
