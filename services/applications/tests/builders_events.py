"""Events of the other services and records of officers, about the first application."""

from __future__ import annotations

from datetime import date

from applications.domain.facts import Fact, FactKind, FactSource
from applications.domain.records import PrefectureList
from messages import review
from messages.assessor_quota import QuotaItemRefused, QuotaItemReserved
from messages.registry import UnitListed, UnitRemoved
from messages.values import Ban, Level, Reason

from .builders import ASSESSOR, PERSON, STEEL, TODAY

KEY = "app-2026-000000000001"
OTHER = "app-2026-000000000002"
REASON = Reason(rule="Q1", article="第三十二条", code="quota-exhausted", text="已达上限")
BAN = Ban(first_day=TODAY, last_day=date(2029, 4, 20))


def item_reserved() -> QuotaItemReserved:
    return QuotaItemReserved(
        application_id=KEY, assessor=ASSESSOR, year=2026, submission=1, representative=PERSON, used=1, limit=15
    )


def item_refused() -> QuotaItemRefused:
    return QuotaItemRefused(
        application_id=KEY, assessor=ASSESSOR, year=2026, submission=1, reasons=(REASON,), items_in_use=()
    )


def unit_removed(sequence: int = 2, ban: Ban | None = BAN) -> UnitRemoved:
    return UnitRemoved(
        unit_key=STEEL.key,
        unit=STEEL,
        levels=(Level.PREFECTURE, Level.REGION),
        reasons=(REASON,),
        removed_on=TODAY,
        document_number="内工信示字〔2026〕9号",
        ban=ban,
        rule_set="2024-01-19",
        sequence=sequence,
    )


def unit_listed(sequence: int = 1) -> UnitListed:
    return UnitListed(
        unit_key=STEEL.key,
        unit=STEEL,
        level=Level.REGION,
        listed_on=date(2026, 9, 1),
        list_number=1,
        document_number="内工信示字〔2026〕20号",
        case_id=KEY,
        sequence=sequence,
    )


def notice_entered(case_id: str = KEY) -> review.PublicNoticeEntered:
    return review.PublicNoticeEntered(
        case_id=case_id,
        unit=STEEL,
        level=Level.REGION,
        batch_year=2026,
        rule_set="2024-01-19",
        notice_id="notice-2026",
        rank=1,
        opened_on=date(2026, 8, 3),
        published_end=date(2026, 8, 10),
    )


def abnormal_operations() -> Fact:
    return Fact("f-1", STEEL.uscc, FactKind.ABNORMAL_OPERATIONS, date(2025, 1, 1), FactSource.OFFICER, "公示系统")


def prefecture_list() -> PrefectureList:
    return PrefectureList("list-1", STEEL.prefecture, "鄂工信发〔2025〕3号", date(2025, 6, 1), (STEEL,), "officer-1")
