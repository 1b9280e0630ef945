"""Sanctions decided and revoked by the region, and the reach of a decision (S1, S3, S4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done, Refusal
from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.values import AssessorRef
from rulebook import RuleSet, RuleSetNotFoundError, reason, rules_on, shanghai_date

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import ActorRef, EntryKind
from assessor_quota.domain.item import IN_USE, QuotaItem
from assessor_quota.domain.sanction import (
    Sanction,
    SanctionDecision,
    ViolationFinding,
    decision_problems,
    revocable,
    revocation_problems,
    sanction,
)
from assessor_quota.handlers.entries import append_entry
from assessor_quota.handlers.lookup import find_assessor, versioned
from assessor_quota.handlers.ports import Store


@dataclass(frozen=True)
class SanctionAssessor:
    uscc: str
    document_number: str
    decided_on: date
    findings: tuple[ViolationFinding, ...]
    by: ActorRef


@dataclass(frozen=True)
class RevokeSanction:
    uscc: str
    document_number: str
    revoked_on: date
    by: ActorRef
    decision: str | None = None
    """Number of the decision revoked; needed only where more than one holds."""


@dataclass(frozen=True)
class SanctionPreview:
    """The consequences of a decision, as far as this service knows."""

    decision: SanctionDecision
    items: tuple[QuotaItem, ...]
    """In use: the applications that rest on the assessor's reports (S2)."""
    affiliates: tuple[Assessor, ...]
    """Flagged to reviewers, not banned (S3)."""


async def sanction_assessor(command: SanctionAssessor, store: Store, now: datetime) -> Done:
    """Record a decision under Art. 31: no evaluation work for three years, refused from now on (S1)."""
    assessor = await find_assessor(command.uscc, store)
    today, day = shanghai_date(now), command.decided_on
    decided = _new_sanction(command, assessor, today)
    assessor = assessor.with_sanction(decided)
    _save_decision(decided, assessor, store)
    document = command.document_number
    assessor = append_entry(store, assessor, EntryKind.SANCTIONED, command.by, now, on=day, document_number=document)
    affiliates = [each.ref for each in await affiliates_of(assessor, store)]
    return Done([_sanctioned_event(assessor, decided, affiliates, today)], versioned(assessor, store))


async def preview_sanction(command: SanctionAssessor, store: Store, now: datetime) -> SanctionPreview:
    """Return what ``sanction_assessor`` would decide and reach, or its refusal; nothing is saved."""
    assessor = await find_assessor(command.uscc, store)
    decided = _new_sanction(command, assessor, shanghai_date(now))
    in_use = {"assessor.uscc": assessor.uscc, "state": {"$in": list(IN_USE)}}
    return SanctionPreview(
        _decision(decided, assessor),
        tuple(await store.items.find(in_use, sort=[("year", 1)])),
        tuple(await affiliates_of(assessor, store)),
    )


async def revoke_sanction(command: RevokeSanction, store: Store, now: datetime) -> Done:
    """End a sanction by a document; the decision stays on record (S4)."""
    assessor = await find_assessor(command.uscc, store)
    today = shanghai_date(now)
    recorded, day, document = assessor.sanctions, command.revoked_on, command.document_number
    if problems := list(revocation_problems(recorded, command.decision, day, today)):
        raise Refusal("revocation-refused", *problems)
    (decided,) = revocable(recorded, command.decision, day)
    assessor = assessor.with_revoked(decided, document, day)
    _save_decision(decided.revoked(document, day), assessor, store)
    assessor = append_entry(
        store, assessor, EntryKind.SANCTION_REVOKED, command.by, now, on=day, document_number=document
    )
    return Done([_revoked_event(assessor, decided, command, today)], versioned(assessor, store))


async def affiliates_of(assessor: Assessor, store: Store) -> list[Assessor]:
    """Return the other assessors of the same legal representative today (S3)."""
    found = await store.assessors.find({"representative.digest": assessor.representative.digest})
    return [each for each in found if each.uscc != assessor.uscc]


def _new_sanction(command: SanctionAssessor, assessor: Assessor, today: date) -> Sanction:
    number, day, findings = command.document_number, command.decided_on, command.findings
    if problems := decision_problems(assessor.sanctions, number, day, findings, today):
        raise Refusal("decision-refused", *problems)
    return sanction(number, day, findings, _rules_on(day))


def _save_decision(decided: Sanction, assessor: Assessor, store: Store) -> None:
    """Save the decision for the public list; the assessor's own entry holds all of its decisions (S4, N4)."""
    decision = _decision(decided, assessor)
    store.sanctions.save(decision.key, decision)


def _decision(decided: Sanction, assessor: Assessor) -> SanctionDecision:
    return SanctionDecision(assessor.ref, decided, decided.last_day, assessor.prefectures)


def _rules_on(day: date) -> RuleSet:
    try:
        return rules_on(day)
    except RuleSetNotFoundError:
        text = f"{day}时本细则尚未施行，不能依本细则作出处理决定"
        raise Refusal(
            "decision-refused", reason("S1", "before-the-regulation", text, str(day), "/decided_on")
        ) from None


def _sanctioned_event(
    assessor: Assessor, decided: Sanction, affiliates: Sequence[AssessorRef], today: date
) -> AssessorSanctioned:
    """Return the event with the longest ban in force, since subscribers keep the last one they received."""
    longest = assessor.sanction_on(today) or decided
    return AssessorSanctioned(
        assessor_uscc=assessor.uscc,
        name=assessor.name,
        ban=longest.ban,
        document_number=decided.document_number,
        reasons=decided.reasons,
        affiliates=tuple(affiliates),
    )


def _revoked_event(assessor: Assessor, decided: Sanction, command: RevokeSanction, today: date) -> SanctionRevoked:
    """Return the event with the ban still in force today: a decision may be younger than the day of revocation."""
    left = assessor.sanction_on(today)
    return SanctionRevoked(
        assessor_uscc=assessor.uscc,
        name=assessor.name,
        revoked_on=command.revoked_on,
        document_number=command.document_number,
        ban=None if left is None else left.ban,
        decision=decided.document_number,
    )
