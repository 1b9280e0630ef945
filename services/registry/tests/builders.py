"""Invented units, and the events and decisions that concern them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.event import Event
from messages.review import CaseCleared, CaseClosed, Outcome, PublicNoticeConcluded, PublicNoticeEntered
from messages.values import AssessorRef, Ban, Level, Prefecture, Reason, UnitRef, UnitType
from registry.domain.removals import Ground, RemovalDecision

STEEL, DAIRY, SOLAR, COPPER = "911501000000000191", "911502000000000271", "911503000000000351", "911504000000000431"
ASSESSOR = AssessorRef(uscc="911505000000000511", name="示例评价中心")
CLOSING = date(2026, 9, 10)
ANNOUNCING = date(2026, 9, 15)
DOCUMENT = "内工信节能字〔2026〕88号"
NAMES = {STEEL: "钢铁", DAIRY: "乳业", SOLAR: "光伏", COPPER: "铜业"}


def at(day: date) -> datetime:
    """Ten in the morning in Hohhot."""
    return datetime(day.year, day.month, day.day, 2, tzinfo=UTC)


def unit(uscc: str = STEEL, *, name: str = "", kind: UnitType = UnitType.FACTORY, park: str | None = None) -> UnitRef:
    return UnitRef(
        uscc=uscc,
        name=name or f"示例{NAMES[uscc]}有限公司",
        unit_type=kind,
        prefecture=Prefecture.HOHHOT,
        park_name=park,
    )


def case_cleared(
    case_id: str = "app-2026-1", of: UnitRef | None = None, *, year: int = 2026, assessor: AssessorRef | None = None
) -> CaseCleared:
    return CaseCleared.model_validate(
        {
            "case_id": case_id,
            "unit": of or unit(),
            "level": Level.REGION,
            "batch_year": year,
            "assessor": assessor,
            "rule_set": "2024-01-19",
            "notice_id": f"notice-region-{year}-1",
            "score": "86.5",
            "cleared_on": date(year, 9, 1),
        }
    )


def notice_entered(event: CaseCleared) -> PublicNoticeEntered:
    """The notice that names the case, as review says it before it clears it."""
    fields = event.model_dump(include={"case_id", "unit", "level", "batch_year", "assessor", "rule_set", "notice_id"})
    opened, ends = date(event.batch_year, 8, 20), date(event.batch_year, 8, 31)
    return PublicNoticeEntered(**fields, rank=1, opened_on=opened, published_end=ends)


def notice_concluded(event: CaseCleared, *, cleared: int = 1, waiting: int = 0) -> PublicNoticeConcluded:
    return PublicNoticeConcluded(
        notice_id=event.notice_id,
        level=event.level,
        batch_year=event.batch_year,
        concluded_on=event.cleared_on,
        cleared=cleared,
        waiting=waiting,
    )


def with_notice(event: Event) -> tuple[Event, ...]:
    """Return the events of review about a case until it is cleared; any other event alone."""
    if not isinstance(event, CaseCleared):
        return (event,)
    return notice_entered(event), notice_concluded(event), event


def case_closed(event: CaseCleared, outcome: Outcome = "ineligible", *reasons: Reason) -> CaseClosed:
    return CaseClosed(
        case_id=event.case_id,
        unit=event.unit,
        level=event.level,
        batch_year=event.batch_year,
        rule_set=event.rule_set,
        outcome=outcome,
        reasons=reasons,
        closed_on=date(2026, 9, 5),
        initial_review_accepted=True,
    )


def ban(first: date) -> Ban:
    return Ban(first_day=first, last_day=first.replace(year=first.year + 3))


def sanction(first: date, sequence: int = 2, number: str = "通报1号") -> AssessorSanctioned:
    return AssessorSanctioned(
        assessor_uscc=ASSESSOR.uscc,
        name=ASSESSOR.name,
        ban=ban(first),
        document_number=number,
        reasons=(),
        sequence=sequence,
    )


def revocation(day: date, sequence: int = 3, left: Ban | None = None, decision: str | None = None) -> SanctionRevoked:
    return SanctionRevoked(
        assessor_uscc=ASSESSOR.uscc,
        name=ASSESSOR.name,
        revoked_on=day,
        document_number="撤销1号",
        ban=left,
        decision=decision,
        sequence=sequence,
    )


def decision(
    of: UnitRef | None = None,
    *,
    ground: Ground = "D5",
    number: str = "移出1号",
    day: date = CLOSING,
    historic: bool = True,
) -> RemovalDecision:
    return RemovalDecision(of or unit(), ground, number, day, historic=historic)
