"""The assessor's own word on being named by an application: no item is taken without it (Q5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from messages.values import AssessorRef, Reason
from rulebook import reason

from assessor_quota.domain.entry import ActorRef
from assessor_quota.domain.item import ItemState, QuotaItem


class Word(StrEnum):
    CONFIRMED = "confirmed"
    DENIED = "denied"


@dataclass(frozen=True)
class Naming:
    """The latest word of one assessor on one application; it may come before the submission."""

    assessor_uscc: str
    unit_uscc: str
    """The unit that the assessor knows under this number: an application of another unit has not got its word."""
    word: Word
    by: ActorRef
    at: datetime
    reason: str | None = None
    """Why it denies; none where it confirms."""

    def confirms(self, unit_uscc: str) -> bool:
        return self.word is Word.CONFIRMED and self.unit_uscc == unit_uscc


def denied_reasons(naming: Naming | None, assessor: AssessorRef) -> Iterator[Reason]:
    """Yield the reason against an application whose assessor has said that it does not evaluate it."""
    if naming is not None and naming.word is Word.DENIED:
        text = f"第三方服务机构“{assessor.name}”声明未受托评价本申报，应由其确认，或更换第三方服务机构、改为自评价"
        yield reason("E12", "naming-denied", text, naming.reason, "/evaluation/assessor")


def unanswered_reason(assessor: AssessorRef, last_day: date) -> Reason:
    text = (
        f"第三方服务机构“{assessor.name}”未在{last_day}（含当日）前确认受托评价本申报，"
        "请其确认后重新提交，或更换第三方服务机构、改为自评价"
    )
    return reason("E12", "naming-unanswered", text, assessor.uscc, "/evaluation/assessor")


def confirmation_problems(item: QuotaItem | None, unit_uscc: str, pointer: str) -> Iterator[Reason]:
    """Yield the reason against a confirmation that names another unit than the application itself."""
    if item is not None and item.unit.uscc != unit_uscc:
        text = f"申报{item.application_id}的申报单位不是{unit_uscc}，请核对申报编号和统一社会信用代码"
        yield reason("Q5", "unit-differs", text, unit_uscc, pointer)


def denial_problems(item: QuotaItem | None) -> Iterator[Reason]:
    """Yield the reason against a denial that comes after initial review accepted: the item stays used (Q5)."""
    if item is not None and item.state is ItemState.CONFIRMED:
        text = "该申报已通过初审，所占名额不再退还；评价报告存在冒用等问题的，请书面报告盟市工业和信息化主管部门处理"
        yield reason("Q5", "naming-settled", text, item.application_id)
