"""The register of assessors: who is entered, sanctioned and set free again, by decision of the region."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from chassis.handling import Collection, Done, Refusal
from messages.assessor_quota import AssessorRegistered, AssessorSanctioned, SanctionRevoked
from messages.values import PersonRef, UnitType
from rulebook import NoRuleSet, RuleSet, reason, rules_on, shanghai_date

from assessor_quota.domain.assessor import Assessor, StaffMember, registration_problems
from assessor_quota.domain.sanction import (
    Finding,
    Sanction,
    decision_problems,
    revocable,
    revocation_problems,
    sanction,
)


class Register(Protocol):
    @property
    def assessors(self) -> Collection[Assessor]: ...


@dataclass(frozen=True)
class RegisterAssessor:
    uscc: str
    name: str
    representative: PersonRef
    representative_name: str
    earlier_digests: tuple[str, ...]
    """Digests of the same document number under keys used before."""
    scope: tuple[UnitType, ...]
    staff: tuple[StaffMember, ...]


@dataclass(frozen=True)
class SanctionAssessor:
    uscc: str
    document_number: str
    decided_on: date
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class RevokeSanction:
    uscc: str
    document_number: str
    revoked_on: date
    decision: str | None = None
    """Number of the decision revoked; needed only where more than one holds."""


async def register_assessor(command: RegisterAssessor, store: Register, now: datetime) -> Done:
    """Enter an assessor with everything S7 asks for; refused with all that is missing at once."""
    if await store.assessors.get(command.uscc) is not None:
        text = f"统一社会信用代码为{command.uscc}的第三方服务机构已登记"
        raise Refusal("assessor-already-registered", reason("S7", "assessor-already-registered", text, command.uscc))
    assessor = Assessor(
        uscc=command.uscc,
        name=command.name,
        representative=await _known_as(command, store),
        representative_name=command.representative_name,
        scope=command.scope,
        staff=command.staff,
        registered_on=shanghai_date(now),
    )
    if problems := registration_problems(assessor):
        raise Refusal("registration-incomplete", *problems, status=422)
    store.assessors.save(assessor.uscc, assessor)
    return Done([_registered(assessor)], assessor)


async def sanction_assessor(command: SanctionAssessor, store: Register, now: datetime) -> Done:
    """Record a decision under Art. 31: no evaluation work for three years, refused from now on (S1)."""
    assessor = await store.assessors.require(command.uscc)
    today = shanghai_date(now)
    recorded, number, day = assessor.sanctions, command.document_number, command.decided_on
    if problems := decision_problems(recorded, number, day, today):
        raise Refusal("decision-refused", *problems)
    decision = sanction(number, day, command.findings, _rules_on(day))
    assessor = assessor.with_sanction(decision)
    store.assessors.save(assessor.uscc, assessor)
    return Done([_sanctioned(assessor, decision, today)], assessor)


async def revoke_sanction(command: RevokeSanction, store: Register, now: datetime) -> Done:
    """End a sanction by a document; what was decided stays on record (S4)."""
    assessor = await store.assessors.require(command.uscc)
    today = shanghai_date(now)
    recorded, day = assessor.sanctions, command.revoked_on
    if problems := list(revocation_problems(recorded, command.decision, day, today)):
        raise Refusal("revocation-refused", *problems)
    (decision,) = revocable(recorded, command.decision, day)
    assessor = assessor.with_revoked(decision, command.document_number, day)
    store.assessors.save(assessor.uscc, assessor)
    return Done([_revoked(assessor, command, today)], assessor)


async def _known_as(command: RegisterAssessor, store: Register) -> PersonRef:
    """One person stays one person when the digest key is rotated: the first digest known is kept (Q1)."""
    known = await store.assessors.find({"representative.digest": {"$in": list(command.earlier_digests)}}, limit=1)
    return known[0].representative if known else command.representative


def _rules_on(day: date) -> RuleSet:
    try:
        return rules_on(day)
    except NoRuleSet:
        text = f"{day}时本细则尚未施行，不能依本细则作出处理决定"
        raise Refusal(
            "decision-refused", reason("S1", "before-the-regulation", text, str(day), "/decided_on")
        ) from None


def _registered(assessor: Assessor) -> AssessorRegistered:
    return AssessorRegistered(
        assessor_uscc=assessor.uscc,
        name=assessor.name,
        representative=assessor.representative,
        scope=assessor.scope,
        registered_on=assessor.registered_on,
    )


def _sanctioned(assessor: Assessor, decision: Sanction, today: date) -> AssessorSanctioned:
    """Listeners hold the last ban they heard: it is the longest in force, whichever decision was recorded last."""
    longest = assessor.sanction_on(today) or decision
    return AssessorSanctioned(
        assessor_uscc=assessor.uscc,
        name=assessor.name,
        ban=longest.ban,
        document_number=decision.document_number,
        reasons=decision.reasons,
    )


def _revoked(assessor: Assessor, command: RevokeSanction, today: date) -> SanctionRevoked:
    """What still holds is asked of today: a decision may be younger than the day a revocation names."""
    left = assessor.sanction_on(today)
    return SanctionRevoked(
        assessor_uscc=assessor.uscc,
        name=assessor.name,
        revoked_on=command.revoked_on,
        document_number=command.document_number,
        ban=None if left is None else left.ban,
    )
