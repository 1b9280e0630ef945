"""What is known of an assessor in whatever order it was heard: its sanction, its cases, its sisters (S2, S3, S4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from messages.assessor_quota import (
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    SanctionRevoked,
)
from messages.review import CaseResumed, CaseSuspended
from messages.values import Ban

from review.domain.case import Case
from review.domain.record import Step


@dataclass(frozen=True)
class AssessorStanding:
    """One document per assessor. Sanction and representative each keep the sequence they were said at.

    Cases are added and sanctions heard in the same document, so that two at once can never miss each other.
    """

    uscc: str
    cases: tuple[str, ...] = ()
    name: str = ""
    ban: Ban | None = None
    document_number: str | None = None
    heard: int = 0
    """Sequence of the last word about sanctions: an older one that comes later changes nothing."""
    sisters: tuple[str, ...] = ()
    """Assessors of the same representative on the day of the sanction, as it was told."""
    representative: str | None = None
    """Digest of the legal representative, once a registration or change has told it."""
    represented_at: int = 0

    def with_case(self, case_id: str) -> AssessorStanding:
        return replace(self, cases=tuple(dict.fromkeys((*self.cases, case_id))))

    def with_sanction(self, event: AssessorSanctioned) -> AssessorStanding:
        if event.sequence <= self.heard:
            return self
        return replace(
            self,
            name=event.name,
            ban=event.ban,
            document_number=event.document_number,
            heard=event.sequence,
            sisters=tuple(each.uscc for each in event.sisters),
        )

    def with_revocation(self, event: SanctionRevoked) -> AssessorStanding:
        """Where another decision still holds and none was heard of, the revocation is the document that says so."""
        if event.sequence <= self.heard:
            return self
        number = None if event.ban is None else self.document_number or event.document_number
        return replace(self, name=event.name, ban=event.ban, document_number=number, heard=event.sequence)

    def with_representative(self, event: AssessorRegistered | LegalRepresentativeChanged) -> AssessorStanding:
        if event.sequence <= self.represented_at:
            return self
        return replace(self, representative=event.representative.digest, represented_at=event.sequence)

    def sanctioned_on(self, day: date) -> str | None:
        """The document of the sanction that holds on ``day``."""
        return self.document_number if self.ban is not None and day <= self.ban.last_day else None

    def is_sister_of(self, other: AssessorStanding) -> bool:
        """Of the same representative today; where one of the two is not known, as the sanction told it."""
        if self.uscc == other.uscc:
            return False
        if self.representative is None or other.representative is None:
            return other.uscc in self.sisters
        return self.representative == other.representative


@dataclass(frozen=True)
class SanctionedSister:
    """Another assessor of the same legal representative that is under sanction: a flag for reviewers, no ban."""

    uscc: str
    name: str
    document_number: str
    until: date


def sanctioned_sisters(
    of: AssessorStanding, others: Iterable[AssessorStanding], day: date
) -> tuple[SanctionedSister, ...]:
    """Those that are under sanction on ``day``, in the order of their codes (S3)."""
    return tuple(
        SanctionedSister(each.uscc, each.name, document, each.ban.last_day)
        for each in sorted(others, key=lambda one: one.uscc)
        if each.ban and each.is_sister_of(of) and (document := each.sanctioned_on(day))
    )


def suspended(case: Case, document_number: str, today: date) -> Step:
    """S2: what rests on the report of a sanctioned assessor goes no further."""
    return Step(
        replace(case, suspended_by=document_number),
        what="suspended",
        rule="S2",
        why="出具评价报告的第三方服务机构被通报，该项目中止办理",
        seen={"state": case.state, "document": document_number},
        events=(CaseSuspended(**case.facts(), document_number=document_number, suspended_on=today),),
    )


def resumed(case: Case, document_number: str, today: date) -> Step:
    return Step(
        replace(case, suspended_by=None),
        what="resumed",
        rule="S4",
        why="对第三方服务机构的通报已撤销，该项目恢复办理",
        seen={"state": case.state, "document": document_number},
        events=(CaseResumed(**case.facts(), resumed_on=today),),
    )
