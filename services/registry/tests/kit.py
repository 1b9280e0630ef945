"""Invented units and what review says of them, in the words of the tests."""

from __future__ import annotations

from datetime import UTC, date, datetime

from chassis.testing import Bench
from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.review import CaseCleared, CaseClosed, Outcome
from messages.values import AssessorRef, Ban, Level, Prefecture, UnitRef, UnitType
from registry.domain.answers import Overview
from registry.domain.removals import Decision, Ground
from registry.handlers import announcing, cases, closing, removals
from registry.store import AGGREGATES, INDEXES, Store

STEEL, DAIRY, SOLAR, COPPER = "911501000000000191", "911502000000000271", "911503000000000351", "911504000000000431"
ASSESSOR = AssessorRef(uscc="911505000000000511", name="示例评价中心")
CLOSING = date(2026, 9, 10)
ANNOUNCING = date(2026, 9, 15)
DOCUMENT = "内工信节能字〔2026〕88号"
OWNERS = {STEEL: "钢铁", DAIRY: "乳业", SOLAR: "光伏", COPPER: "铜业"}


def at(day: date) -> datetime:
    """Ten in the morning in Hohhot."""
    return datetime(day.year, day.month, day.day, 2, tzinfo=UTC)


def unit(uscc: str = STEEL, *, name: str = "", kind: UnitType = UnitType.FACTORY, park: str | None = None) -> UnitRef:
    return UnitRef(
        uscc=uscc,
        name=name or f"示例{OWNERS[uscc]}有限公司",
        unit_type=kind,
        prefecture=Prefecture.HOHHOT,
        park_name=park,
    )


def cleared(
    case_id: str = "app-2026-1", of: UnitRef | None = None, *, year: int = 2026, assessor: AssessorRef | None = None
) -> CaseCleared:
    return CaseCleared.model_validate(
        {
            "case_id": case_id,
            "unit": of or unit(),
            "level": Level.REGION,
            "batch_year": year,
            "assessor": assessor,
            "notice_id": f"notice-region-{year}-1",
            "score": "86.5",
            "cleared_on": date(year, 9, 1),
        }
    )


def ended(event: CaseCleared, outcome: Outcome = "ineligible") -> CaseClosed:
    return CaseClosed(
        case_id=event.case_id,
        unit=event.unit,
        level=event.level,
        batch_year=event.batch_year,
        outcome=outcome,
        reasons=(),
        closed_on=date(2026, 9, 5),
    )


def sanction(first: date, sequence: int = 2) -> AssessorSanctioned:
    ban = Ban(first_day=first, last_day=first.replace(year=first.year + 3))
    return AssessorSanctioned(
        assessor_uscc=ASSESSOR.uscc,
        name=ASSESSOR.name,
        ban=ban,
        document_number="通报1号",
        reasons=(),
        sequence=sequence,
    )


def revocation(day: date, sequence: int = 3) -> SanctionRevoked:
    return SanctionRevoked(
        assessor_uscc=ASSESSOR.uscc, name=ASSESSOR.name, revoked_on=day, document_number="撤销1号", sequence=sequence
    )


def decision(
    of: UnitRef | None = None, *, ground: Ground = "D5", number: str = "移出1号", day: date = CLOSING
) -> Decision:
    return Decision(of or unit(), ground, number, day)


class Office(Bench[Store]):
    """The regional department at its desk: the registry's handlers on a store in memory."""

    def __init__(self) -> None:
        super().__init__(Store, AGGREGATES, INDEXES)

    async def clear(self, *events: CaseCleared) -> None:
        for event in events:
            await self.handle(cases.add_line, event, at(event.cleared_on))

    async def close(self, year: int = 2026, day: date = CLOSING) -> Overview:
        outcome = await self.perform(closing.close_list, closing.CloseList(Level.REGION, year), at(day))
        assert isinstance(outcome.value, Overview)
        return outcome.value

    async def announce(self, year: int = 2026, day: date = ANNOUNCING, number: str = DOCUMENT) -> Overview:
        command = announcing.AnnounceList(Level.REGION, year, number)
        outcome = await self.perform(announcing.announce_list, command, at(day))
        assert isinstance(outcome.value, Overview)
        return outcome.value

    async def remove(self, what: Decision, day: date | None = None) -> None:
        """Record it on ``day``, or on the day it was decided."""
        await self.handle(removals.record_removal, what, at(day or what.decided_on))
