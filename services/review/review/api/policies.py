"""The policies of review (P1, P2)."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.handling import Filter
from chassis.security import (
    Actor,
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
    """Cases that the prefecture department has forwarded; review organisations see no others."""

    def filter(self, actor: Actor) -> Filter:  # noqa: ARG002 - whoever asks
        return {"forwarded_on": {"$ne": None}}


OWN_PREFECTURE = Rule(Role.PREFECTURE_OFFICER, own_prefecture("unit.prefecture"))
REGION = Rule(Role.REGIONAL_OFFICER, everything)
REVIEWERS = Rule(Role.REVIEW_ORGANISATION, everything)
REVIEWERS_AFTER_FORWARDING = Rule(Role.REVIEW_ORGANISATION, AfterForwarding())

READ_CASE = Policy(
    "case.read",
    (
        REGION,
        REVIEWERS_AFTER_FORWARDING,
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
READ_RECORD = Policy("record.read", (REGION, REVIEWERS_AFTER_FORWARDING, OWN_PREFECTURE))
ANSWER_CONSULTATION = Policy(
    "consultation.answer",
    (
        Rule(
            Role.CONSULTED_DEPARTMENT,
            all_of(own_prefecture("unit.prefecture"), own_organisation("department")),
        ),
    ),
)
DECIDE_CASE = Policy("case.decide", (OWN_PREFECTURE,))
"""Initial review, opinion document, forwarding: the unit's own prefecture department and no other (V1)."""
REGISTER_EXPERTS = Policy("expert.keep", (REVIEWERS,))
READ_EXPERTS = Policy("expert.read", (REVIEWERS, REGION, Rule(Role.EXPERT, own_subject("expert_id"))))
DECLARE_CONFLICT = Policy("expert.declare", (Rule(Role.EXPERT, own_subject("expert_id")),))
APPOINT_PANEL = Policy("panel.appoint", (REVIEWERS_AFTER_FORWARDING,))
APPOINT_PANELS = Policy("panel.appoint-all", (REVIEWERS,))
"""Of a batch, which holds only what was forwarded."""
FILL_SHEET = Policy("sheet.fill", (Rule(Role.EXPERT, own_subject("expert")),))
READ_SHEET = Policy("sheet.read", (REVIEWERS, REGION, Rule(Role.EXPERT, own_subject("expert"))))
DECIDE_DEVIATION = Policy("deviation.decide", (Rule(Role.EXPERT, own_subject("panel.experts")), REGION))
"""The panel's sheets decide which of them (V6)."""
RECORD_VISIT = Policy("site.record", (REVIEWERS_AFTER_FORWARDING, REGION))
SELECT_CASES = Policy("batch.select", (REGION,))
READ_ACT = Policy("act.read", (REGION, REVIEWERS))
CONTINUE_ACT = Policy("act.continue", (REGION,))
READ_RANKING = Policy("ranking.read", (REGION, REVIEWERS))
PUBLISH_NOTICE = Policy("notice.publish", (REGION,))
READ_NOTICE = Policy("notice.read", (Rule(Role.PUBLIC, public),))
LODGE_OBJECTION = Policy("objection.lodge", (Rule(Role.PUBLIC, public),))
DECIDE_OBJECTION = Policy("objection.decide", (REGION,))


@dataclass(frozen=True)
class ConsultedDepartment:
    """A case as its consulted department sees it: the unit and the department."""

    unit: UnitRef
    department: Department


@dataclass(frozen=True)
class PanelSeat:
    """The seat of one expert on a panel."""

    expert: str
