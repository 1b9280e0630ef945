"""Who may do what with a case, and in which role the record says it was done (P1, P2, V14)."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.access import (
    Allowed,
    Policy,
    Rule,
    all_of,
    everything,
    own_organisation,
    own_prefecture,
    own_subject,
    public,
)
from chassis.http import Call
from messages.values import Department, Role, UnitRef

from review.domain.case import Case
from review.domain.record import By
from review.store import Store

OWN_PREFECTURE = Rule(Role.PREFECTURE_OFFICER, own_prefecture("unit.prefecture"))
REGION = Rule(Role.REGIONAL_OFFICER, everything)
REVIEWERS = Rule(Role.REVIEW_ORGANISATION, everything)

READ_CASE = Policy(
    "case.read",
    (
        REGION,
        REVIEWERS,
        OWN_PREFECTURE,
        Rule(
            Role.CONSULTED_DEPARTMENT,
            all_of(own_prefecture("unit.prefecture"), own_organisation("consultation.opinions.department")),
        ),
        Rule(Role.EXPERT, own_subject("panel.experts")),
        Rule(Role.APPLICANT, own_organisation("unit.uscc")),
        Rule(Role.ASSESSOR, own_organisation("assessor.uscc")),
    ),
)
READ_RECORD = Policy("record.read", (REGION, REVIEWERS, OWN_PREFECTURE))
ANSWER = Policy(
    "consultation.answer",
    (
        Rule(
            Role.CONSULTED_DEPARTMENT,
            all_of(own_prefecture("unit.prefecture"), own_organisation("department")),
        ),
    ),
)
DECIDE_IN_PREFECTURE = Policy("case.decide-in-prefecture", (OWN_PREFECTURE,))
KEEP_EXPERTS = Policy("expert.keep", (REVIEWERS,))
READ_EXPERTS = Policy("expert.read", (REVIEWERS, REGION, Rule(Role.EXPERT, own_subject("expert_id"))))
DECLARE = Policy("expert.declare", (Rule(Role.EXPERT, own_subject("expert_id")),))
APPOINT = Policy("panel.appoint", (REVIEWERS,))
SCORE = Policy("sheet.fill", (Rule(Role.EXPERT, own_subject("expert")),))
READ_SHEET = Policy("sheet.read", (REVIEWERS, REGION, Rule(Role.EXPERT, own_subject("expert"))))
DECIDE_DEVIATION = Policy("deviation.decide", (Rule(Role.EXPERT, own_subject("panel.experts")), REGION))
"""Which of them, the panel's sheets say (V6)."""
VISIT = Policy("site.record", (REVIEWERS, REGION))
SELECT = Policy("batch.select", (REGION,))
READ_RANKING = Policy("ranking.read", (REGION, REVIEWERS))
PUBLISH = Policy("notice.publish", (REGION,))
READ_NOTICE = Policy("notice.read", (Rule(Role.PUBLIC, public),))
OBJECT = Policy("objection.lodge", (Rule(Role.PUBLIC, public),))
DECIDE_OBJECTION = Policy("objection.decide", (REGION,))


@dataclass(frozen=True)
class Asked:
    """A case as the consulted department sees it: where, and who is asked."""

    unit: UnitRef
    department: Department


@dataclass(frozen=True)
class Seat:
    """A place on a panel: the expert's own."""

    expert: str


async def acting(call: Call, policy: Policy, resource: object) -> By:
    """Refuse who may not act on ``resource``; else who acts, in the role that the policy let in."""
    await call.allow(resource)
    decided = policy.decide(call.actor, resource)
    if not isinstance(decided, Allowed):
        raise TypeError(f"{policy.name} is not the policy of this route")
    return By(call.actor.subject, decided.by.role)


async def acting_on(call: Call, policy: Policy, case_id: str) -> tuple[Case, By]:
    """The case and who acts on it; nobody who may not see it learns more than that."""
    case = await call.reads(Store).cases.require(case_id)
    return case, await acting(call, policy, case)
