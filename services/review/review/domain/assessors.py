"""The status of an assessor, built in any order of events: sanctions and affiliates (S2, S3, S4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from chassis.settling import Settling
from messages.assessor_quota import (
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    SanctionRevoked,
)
from messages.review import CaseResumed, CaseSuspended
from messages.values import Ban

from review.domain.case import Case
from review.domain.record import Audience, Transition

T = TypeVar("T")


@dataclass(frozen=True)
class SanctionDecision:
    document_number: str
    sequence: int


@dataclass(frozen=True)
class AssessorStatus:
    """One document per assessor. Sanction and representative each have the sequence of their newest event.

    Only the handlers of its own events and the job that settles them save it; opening a case reads it. Its lists grow
    by one entry for each sanction or revocation of this one assessor.
    """

    uscc: str
    name: str = ""
    ban: Ban | None = None
    document_number: str | None = None
    cleared_by: str | None = None
    """Document of the revocation that left no decision in force; None under a sanction, also one that has run out."""
    sanction_sequence: int = 0
    """Sequence of the newest event about sanctions: an older one that arrives later changes nothing."""
    decisions: tuple[SanctionDecision, ...] = ()
    """Every sanction received."""
    revoked: tuple[str, ...] = ()
    """Document numbers that a revocation has named."""
    affiliates: tuple[str, ...] = ()
    """Assessors of the same legal representative on the day of the sanction, from its event."""
    representative: str | None = None
    """Digest of the legal representative, from its registration or latest change."""
    representative_sequence: int = 0
    settling: Settling = field(default_factory=Settling)
    """The rounds over its open cases that the newest word on its sanctions still needs."""

    def with_sanction(self, event: AssessorSanctioned) -> AssessorStatus:
        decided = SanctionDecision(event.document_number, event.sequence)
        known = replace(self, decisions=_distinct((*self.decisions, decided)))
        if event.sequence > self.sanction_sequence:
            affiliates = tuple(each.uscc for each in event.affiliates)
            known = replace(known, ban=event.ban, cleared_by=None, affiliates=affiliates)
            known = replace(known, name=event.name, sanction_sequence=event.sequence)
        return _with_current_decision(known, event.document_number)

    def with_revocation(self, event: SanctionRevoked) -> AssessorStatus:
        """Where another decision holds whose event has not arrived, the revocation is the document that proves it."""
        known = self if event.decision is None else replace(self, revoked=_distinct((*self.revoked, event.decision)))
        if event.sequence > self.sanction_sequence:
            known = replace(known, ban=event.ban, cleared_by=None if event.ban else event.document_number)
            known = replace(known, name=event.name, sanction_sequence=event.sequence)
        return _with_current_decision(known, event.document_number)

    @property
    def documents_in_force(self) -> frozenset[str]:
        """Return the numbers of the documents by any of which a case is rightly suspended."""
        decided = (each.document_number for each in self.decisions_in_force)
        return frozenset(filter(None, (self.document_number, *decided)))

    @property
    def decisions_in_force(self) -> tuple[SanctionDecision, ...]:
        """Return the decisions that no revocation has named."""
        return tuple(each for each in self.decisions if each.document_number not in self.revoked)

    def with_representative(self, event: AssessorRegistered | LegalRepresentativeChanged) -> AssessorStatus:
        if event.sequence <= self.representative_sequence:
            return self
        return replace(self, representative=event.representative.digest, representative_sequence=event.sequence)

    def sanctioned_on(self, day: date) -> str | None:
        """Return the document of the sanction that holds on ``day``."""
        return self.document_number if self.ban is not None and day <= self.ban.last_day else None

    def shares_representative_with(self, other: AssessorStatus) -> bool:
        """Compare today's representatives; where one is unknown, use the affiliates that the sanction named."""
        if self.uscc == other.uscc:
            return False
        if self.representative is None or other.representative is None:
            return other.uscc in self.affiliates
        return self.representative == other.representative


def _with_current_decision(known: AssessorStatus, otherwise: str) -> AssessorStatus:
    """Return the status with its newest decision in force as the one that the ban rests on."""
    newest = max(known.decisions_in_force, key=lambda each: each.sequence, default=None)
    number = newest.document_number if newest else otherwise
    return replace(known, document_number=None if known.ban is None else number)


def _distinct(each: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(each))


@dataclass(frozen=True)
class SanctionedAffiliate:
    """Another assessor of the same legal representative that is under sanction: a flag for reviewers, no ban."""

    uscc: str
    name: str
    document_number: str
    until: date


def sanctioned_affiliates(
    of: AssessorStatus, others: Iterable[AssessorStatus], day: date
) -> tuple[SanctionedAffiliate, ...]:
    """Return the affiliates under sanction on ``day``, in the order of their codes (S3)."""
    return tuple(
        SanctionedAffiliate(each.uscc, each.name, document, each.ban.last_day)
        for each in sorted(others, key=lambda one: one.uscc)
        if each.ban and each.shares_representative_with(of) and (document := each.sanctioned_on(day))
    )


def follow_sanctions(case: Case, known: AssessorStatus, today: date) -> list[Transition]:
    """Suspend or resume an open case as the newest word on its assessor has it (S2, S4).

    A sanction that has run its three years resumes nothing: only a revocation, or a new report, does (Art. 31).
    """
    if case.ended:
        return []
    if (holds := known.sanctioned_on(today)) is not None:
        return [] if case.suspended_by in known.documents_in_force else [suspend_case(case, holds, today)]
    if known.cleared_by is not None and case.suspended_by is not None:
        return [resume_case(case, known.cleared_by, today)]
    return []


def suspend_case(case: Case, document_number: str, today: date) -> Transition:
    """S2: suspend a case that rests on the report of a sanctioned assessor."""
    return Transition(
        replace(case, suspended_by=document_number),
        action="suspended",
        rule="S2",
        reason="出具评价报告的第三方服务机构被通报，该项目中止办理",
        audience=Audience.RECORD,
        evidence={"state": case.state, "document": document_number},
        events=(CaseSuspended(**case.event_fields(), document_number=document_number, suspended_on=today),),
    )


def resume_case(case: Case, document_number: str, today: date) -> Transition:
    return Transition(
        replace(case, suspended_by=None),
        action="resumed",
        rule="S4",
        reason="对第三方服务机构的通报已撤销，该项目恢复办理",
        audience=Audience.RECORD,
        evidence={"state": case.state, "document": document_number},
        events=(CaseResumed(**case.event_fields(), resumed_on=today),),
    )
