"""Who takes part in a case, and that nobody acts on it in two roles that must be apart (P3)."""

from __future__ import annotations

from collections.abc import Iterator

from chassis.handling import Refusal
from messages.parties import Party
from messages.values import Role
from rulebook import duties_not_apart

from review.domain.case import Case
from review.domain.participants import Participant, participant
from review.domain.record import SERVICE, ActorRef


def parties_of(case: Case) -> Iterator[Party]:
    """Yield whom the case is about, and everybody on its record and its panel."""
    yield Party(Role.APPLICANT, None, (case.unit.uscc, case.unit.name, case.dossier.group))
    if case.assessor is not None:
        yield Party(Role.ASSESSOR, None, (case.assessor.uscc, case.assessor.name))
    for each in case.participants:
        yield Party(each.role, each.subject, (each.organisation,))
    for expert in case.panel.experts if case.panel else ():
        yield Party(Role.EXPERT, expert)


def require_apart(by: ActorRef, *cases: Case) -> None:
    """Refuse an act of somebody who has acted on the case in another role, or whose organisation it is about."""
    for case in cases:
        if by.role != SERVICE.role and (found := duties_not_apart(by.party, parties_of(case))) is not None:
            raise Refusal("not-allowed", found, status=403, title="Not allowed")


def with_participant(case: Case, by: ActorRef) -> tuple[Participant, ...]:
    """Return the participants of the case after an act; a service's own acts add none."""
    if by.role in {SERVICE.role, Role.PUBLIC}:
        return case.participants
    return tuple(dict.fromkeys((*case.participants, participant(by.subject, by.role, by.organisation))))
