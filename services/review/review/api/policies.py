"""The policies of review (P1, P2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chassis.handling import Filter
from chassis.security import (
    Actor,
    Apart,
    NobodyApart,
    Party,
    Policy,
    Rule,
    all_of,
    everything,
    own_organisation,
    own_prefecture,
    own_subject,
    public,
    verified_person,
)
from messages.values import Department, Role

from review.domain.case import Case
from review.domain.duties import parties_of
from review.domain.objection import Objection


@dataclass(frozen=True)
class ConsultedDepartment:
    """A case as its consulted department sees it: the case and the department."""

    case: Case
    department: Department


@dataclass(frozen=True)
class PanelSeat:
    """The seat of one expert on the panel of a case."""

    expert: str
    case: Case


@dataclass(frozen=True)
class ExpertEntry:
    """The entry of an expert, as the review organisation states it."""

    expert_id: str


@dataclass(frozen=True)
class BatchMatter:
    """The cases of a batch in which whoever acts on it may take part."""

    cases: tuple[Case, ...]


@dataclass(frozen=True)
class LodgedObjection:
    """An objection and the case that it is about."""

    objection: Objection
    case: Case


def _parties_of_batch(matter: BatchMatter) -> Iterator[Party]:
    for case in matter.cases:
        yield from parties_of(case)


def _parties_of_objection(lodged: LodgedObjection) -> Iterator[Party]:
    """Yield the objector as well: nobody decides one's own objection (V18)."""
    yield Party(Role.PUBLIC, lodged.objection.lodged_by or None)
    yield from parties_of(lodged.case)


OF_CASE = Apart(parties_of)
OF_BATCH = Apart(_parties_of_batch)
OF_CASE_INSIDE = Apart(lambda part: parties_of(part.case))
"""Of the case that the seat, or the consulted department, belongs to."""


@dataclass(frozen=True)
class AfterForwarding:
    """Cases that the prefecture department has forwarded; review organisations see no others."""

    def filter(self, actor: Actor) -> Filter:  # noqa: ARG002 - whoever asks
        return {"forwarded_on": {"$ne": None}}


@dataclass(frozen=True)
class NotTheRegion:
    """Everything, for everybody but the region: it decides on objections and lodges none (V18)."""

    def filter(self, actor: Actor) -> Filter | None:
        return None if Role.REGIONAL_OFFICER in actor.roles else {}


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
            all_of(own_prefecture("case.unit.prefecture"), own_organisation("department")),
        ),
    ),
    duties=OF_CASE_INSIDE,
)
DECIDE_CASE = Policy("case.decide", (OWN_PREFECTURE,), duties=OF_CASE)
"""Initial review, opinion document, forwarding: the unit's own prefecture department and no other (V1)."""
REGISTER_EXPERTS = Policy(
    "expert.keep", (REVIEWERS,), duties=Apart(lambda entry: [Party(Role.EXPERT, entry.expert_id)])
)
READ_EXPERTS = Policy("expert.read", (REVIEWERS, REGION, Rule(Role.EXPERT, own_subject("expert_id"))))
DECLARE_CONFLICT = Policy(
    "expert.declare",
    (Rule(Role.EXPERT, own_subject("expert_id")),),
    duties=NobodyApart("an expert states a conflict of its own, by which it gives up seats and gains none"),
)
APPOINT_PANEL = Policy("panel.appoint", (REVIEWERS_AFTER_FORWARDING,), duties=OF_CASE)
APPOINT_PANELS = Policy("panel.appoint-all", (REVIEWERS,), duties=OF_BATCH)
"""Of a batch, which holds only what was forwarded."""
FILL_SHEET = Policy(
    "sheet.fill",
    (Rule(Role.EXPERT, all_of(own_subject("expert"), own_subject("case.panel.experts"))),),
    duties=OF_CASE_INSIDE,
)
READ_SHEET = Policy("sheet.read", (REVIEWERS, REGION, Rule(Role.EXPERT, own_subject("expert"))))
DECIDE_DEVIATION = Policy("deviation.decide", (Rule(Role.EXPERT, own_subject("panel.experts")), REGION), duties=OF_CASE)
"""The panel's sheets decide which of them (V6)."""
RECORD_VISIT = Policy("site.record", (REVIEWERS_AFTER_FORWARDING, REGION), duties=OF_CASE)
SELECT_CASES = Policy("batch.select", (REGION,), duties=OF_BATCH)
READ_ACT = Policy("act.read", (REGION, REVIEWERS))
CONTINUE_ACT = Policy("act.continue", (REGION,), duties=OF_BATCH)
READ_RANKING = Policy("ranking.read", (REGION, REVIEWERS))
READ_DRAWS = Policy("draw.read", (Rule(Role.PUBLIC, public),))
"""Commitments before the lots, seeds after them: everybody can draw the lots again (V7)."""
PUBLISH_NOTICE = Policy("notice.publish", (REGION,), duties=OF_BATCH)
READ_NOTICE = Policy("notice.read", (Rule(Role.PUBLIC, public),))
LODGE_OBJECTION = Policy(
    "objection.lodge",
    (Rule(Role.PUBLIC, all_of(verified_person, NotTheRegion())),),
    duties=NobodyApart("an objection decides nothing: whoever decides it is apart from the objector"),
)
READ_OBJECTION = Policy(
    "objection.read",
    (REGION, Rule(Role.PUBLIC, all_of(verified_person, own_subject("lodged_by")))),
)
DECIDE_OBJECTION = Policy("objection.decide", (REGION,), duties=Apart(_parties_of_objection))
