"""Invented units and what review says of them, in the words of the tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime

from chassis.handling import Filter, Sort
from chassis.persistence.unit_of_work import ChangeSet, Document
from devkit import HandlerHarness, InMemoryStore
from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.review import CaseCleared, CaseClosed, Outcome
from messages.values import AssessorRef, Ban, Level, Prefecture, Reason, UnitRef, UnitType
from registry.domain.lists import AnnualList
from registry.domain.refusals import ListSummary
from registry.domain.removals import Ground, RemovalDecision
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
            "rule_set": "2024-01-19",
            "notice_id": f"notice-region-{year}-1",
            "score": "86.5",
            "cleared_on": date(year, 9, 1),
        }
    )


def ended(event: CaseCleared, outcome: Outcome = "ineligible", *reasons: Reason) -> CaseClosed:
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
    of: UnitRef | None = None, *, ground: Ground = "D5", number: str = "移出1号", day: date = CLOSING
) -> RemovalDecision:
    return RemovalDecision(of or unit(), ground, number, day)


class Overtaken(InMemoryStore):
    """Another process's view of the documents; just before its first question to ``collection``, ``meanwhile`` runs."""

    def __init__(self, shared: InMemoryStore, collection: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self.shared = shared
        self.collection = collection
        self.meanwhile = [meanwhile]

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]:
        return await self.shared.load(collection, keys)

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> Sequence[Document]:
        if collection == self.collection and self.meanwhile:
            await self.meanwhile.pop()()
        return await self.shared.find(collection, where, sort, limit)

    async def count(self, collection: str, where: Filter) -> int:
        return len(await self.find(collection, where, (), 0))

    async def commit(self, commit: ChangeSet) -> None:
        await self.shared.commit(commit)


class Office(HandlerHarness[Store]):
    """The regional department at its desk: the registry's handlers on a store in memory."""

    def __init__(self) -> None:
        super().__init__(Store, AGGREGATES, INDEXES)

    def slower(self, collection: str, meanwhile: Callable[[], Awaitable[object]]) -> Office:
        """The same office at another process, which is overtaken on its way to ``collection``."""
        other = Office()
        other.memory = Overtaken(self.memory, collection, meanwhile)
        return other

    async def clear(self, *events: CaseCleared) -> None:
        for event in events:
            await self.handle(cases.add_line, event, at(event.cleared_on))

    async def close(self, year: int = 2026, day: date = CLOSING) -> ListSummary:
        outcome = await self.perform(closing.close_list, closing.CloseList(Level.REGION, year), at(day))
        assert isinstance(outcome.value, ListSummary)
        return outcome.value

    async def announce(
        self, year: int = 2026, day: date = ANNOUNCING, number: str = DOCUMENT, list_id: str | None = None
    ) -> ListSummary:
        command = announcing.AnnounceList(Level.REGION, year, number, list_id)
        outcome = await self.perform(announcing.announce_list, command, at(day))
        assert isinstance(outcome.value, ListSummary)
        return outcome.value

    async def remove(self, what: RemovalDecision, day: date | None = None) -> None:
        """Record it on ``day``, or on the day it was decided."""
        await self.handle(removals.record_removal, what, at(day or what.decided_on))

    async def the_list(self, list_id: str = "list-region-2026-1") -> AnnualList:
        return await self.store().lists.require(list_id)
