"""Closes a case that is not listed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from messages.review import CaseClosed, Outcome, Stage
from messages.values import Reason

from review.domain.case import Case, Closing
from review.domain.record import Audience, Transition


def close_case(case: Case, outcome: Outcome, reasons: tuple[Reason, ...], today: date) -> Transition:
    """Close a case with its reasons; earlier decisions stay on the case."""
    state = Stage.LATE if outcome == "late" else Stage.CLOSED
    closing = Closing(outcome, reasons, today)
    after = replace(case, state=state, closing=closing, open_objections=0)
    return Transition(
        after,
        action=f"closed: {outcome}",
        rule=reasons[0].rule,
        reason="；".join(each.text for each in reasons),
        audience=Audience.RECORD,
        evidence={"state": case.state},
        events=(closed_event(after, closing),),
    )


def closed_event(case: Case, closing: Closing) -> CaseClosed:
    reviewed = case.initial_review
    return CaseClosed(
        **case.event_fields(),
        outcome=closing.outcome,
        reasons=closing.reasons,
        closed_on=closing.closed_on,
        initial_review_accepted=reviewed is not None and reviewed.accepted,
    )
