"""The one way to save the transitions of a case, and the receipt for them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from messages.event import Event

from review.domain.duties import require_apart, with_participant
from review.domain.record import SERVICE, ActorRef, Transition, head_after, next_entry
from review.handlers.loading import CurrentCase
from review.handlers.ports import Store

SALT_BYTES = 16


@dataclass(frozen=True)
class Receipt:
    """The answer to a command about one case: where it stands now."""

    case_id: str
    state: str
    outcome: str | None = None


def apply_transitions(store: Store, transitions: Sequence[Transition], by: ActorRef, now: datetime) -> list[Event]:
    """Save the transitions of one case and their entries in its record; return the events.

    Every transition builds on the case of the one before it, so the last one holds the case that is saved.
    """
    return _save(store, [(transition, by) for transition in transitions], now)


def apply_act(
    store: Store, current: CurrentCase, transitions: Sequence[Transition], by: ActorRef, now: datetime
) -> list[Event]:
    """Save an act on a case, after the transitions that brought the case to the newest word; no act saves nothing."""
    if not transitions:
        return []
    require_apart(by, current.case, transitions[-1].case)
    return _save(store, [*((each, SERVICE) for each in current.caught_up), *((each, by) for each in transitions)], now)


def catch_up(store: Store, current: CurrentCase, now: datetime) -> list[Event]:
    """Save what the newest word brings about, without any further act."""
    return apply_transitions(store, current.caught_up, SERVICE, now)


def _save(store: Store, transitions: Sequence[tuple[Transition, ActorRef]], now: datetime) -> list[Event]:
    if not transitions:
        return []
    head = transitions[0][0].case.head
    for transition, by in transitions:
        entry = next_entry(head, transition, by, now, secrets.token_hex(SALT_BYTES))
        store.records.save(entry.key, entry)
        head = head_after([entry])
    last, by = transitions[-1]
    case = replace(last.case, head=head, participants=with_participant(last.case, by))
    store.cases.save(case.case_id, case)
    return [event for transition, _ in transitions for event in transition.events]


def receipt(transitions: Sequence[Transition]) -> Receipt:
    case = transitions[-1].case
    return Receipt(case.case_id, case.state, case.closing.outcome if case.closing else None)
