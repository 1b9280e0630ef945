"""Who may do what with a case (P1, P2)."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.security.policies import (
    Actor,
    Filter,
    Policy,
    Rule,
    all_of,
    everything,
    own_organisation,
    own_prefecture,
    own_subject,
    public,
)
from messages.values import Department, Role, UnitRef


@dataclass(frozen=True)
class AfterForwarding:
    """Cases that the prefecture department has forwarded: only from then on are they the region's to have judged."""

    def filter(self, actor: Actor) -> Filter:  # noqa: ARG002 - whoever asks
        return {"forwarded_on": {"$ne": None}}


OWN_PREFECTURE = Rule(Role.PREFECTURE_OFFICER, own_prefecture("unit.prefecture"))
REGION = Rule(Role.REGIONAL_OFFICER, everything)
REVIEWERS = Rule(Role.REVIEW_ORGANISATION, everything)
REVIEWERS_OF_FORWARDED = Rule(Role.REVIEW_ORGANISATION, AfterForwarding())

READ_CASE = Policy(
    "case.read",
    (
        REGION,
        REVIEWERS_OF_FORWARDED,
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
READ_RECORD = Policy("record.read", (REGION, REVIEWERS_OF_FORWARDED, OWN_PREFECTURE))
ANSWER = Policy(
    "consultation.answer",
    (
        Rule(
            Role.CONSULTED_DEPARTMENT,
            all_of(own_prefecture("unit.prefecture"), own_organisation("department")),
        ),
    ),
)
DECIDE = Policy("case.decide", (OWN_PREFECTURE,))
"""Initial review, opinion document, forwarding: the unit's own prefecture department and no other (V1)."""
KEEP_EXPERTS = Policy("expert.keep", (REVIEWERS,))
READ_EXPERTS = Policy("expert.read", (REVIEWERS, REGION, Rule(Role.EXPERT, own_subject("expert_id"))))
DECLARE = Policy("expert.declare", (Rule(Role.EXPERT, own_subject("expert_id")),))
APPOINT = Policy("panel.appoint", (REVIEWERS_OF_FORWARDED,))
APPOINT_ALL = Policy("panel.appoint-all", (REVIEWERS,))
"""Of a batch, which holds only what was forwarded."""
SCORE = Policy("sheet.fill", (Rule(Role.EXPERT, own_subject("expert")),))
READ_SHEET = Policy("sheet.read", (REVIEWERS, REGION, Rule(Role.EXPERT, own_subject("expert"))))
DECIDE_DEVIATION = Policy("deviation.decide", (Rule(Role.EXPERT, own_subject("panel.experts")), REGION))
"""Which of them, the panel's sheets say (V6)."""
VISIT = Policy("site.record", (REVIEWERS_OF_FORWARDED, REGION))
SELECT = Policy("batch.select", (REGION,))
READ_RANKING = Policy("ranking.read", (REGION, REVIEWERS))
PUBLISH = Policy("notice.publish", (REGION,))
READ_NOTICE = Policy("notice.read", (Rule(Role.PUBLIC, public),))
OBJECT = Policy("objection.lodge", (Rule(Role.PUBLIC, public),))
DECIDE_OBJECTION = Policy("objection.decide", (REGION,))


@dataclass(frozen=True)
class ConsultedDepartment:
    """A case as the consulted department sees it: where, and who is asked."""

    unit: UnitRef
    department: Department


@dataclass(frozen=True)
class PanelSeat:
    """A place on a panel: the expert's own."""

    expert: str
