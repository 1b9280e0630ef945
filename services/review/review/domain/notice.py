"""The public notice: a frozen list, at least five working days, and what is cleared after it (V9, V10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from messages.registry import UnitListed
from messages.review import (
    CaseCleared,
    PublicNoticeConcluded,
    PublicNoticeEntered,
    PublicNoticeOpened,
    Stage,
)
from messages.values import Level, Reason
from rulebook import RuleSet, add_working_days, basis, reason

from review.domain.case import Case, stage_before
from review.domain.notice_list import ListSeal
from review.domain.record import Audience, Transition
from review.domain.refusals import malformed, refusal, require_next_stage


@dataclass(frozen=True)
class PublicNotice:
    notice_id: str
    level: Level
    batch_year: int
    opened_on: date
    minimum_end: date
    published_end: date
    """The published end; never before the minimum, and as binding."""
    provisional: bool
    rule_set: str
    shown: int
    """Units shown; each is a line of its own."""
    digest: str
    """Digest of the lines in their order; it proves that the published list never changed."""
    state: Literal["open", "concluded"] = "open"
    concluded_on: date | None = None


@dataclass(frozen=True)
class NoticeRequest:
    notice_id: str
    level: Level
    batch_year: int
    published_end: date | None


def open_notice(opening: NoticeRequest, sealed: ListSeal, rules: RuleSet, today: date) -> PublicNotice:
    """Open the notice of a batch from today; its minimum end counts working days, without today (T4)."""
    deadline = add_working_days(today, rules.notice.min_working_days)
    return PublicNotice(
        notice_id=opening.notice_id,
        level=opening.level,
        batch_year=opening.batch_year,
        opened_on=today,
        minimum_end=deadline.last_day,
        published_end=max(opening.published_end or deadline.last_day, deadline.last_day),
        provisional=deadline.provisional,
        rule_set=rules.version,
        shown=sealed.shown,
        digest=sealed.digest,
    )


def require_lawful_end(published_end: date | None, rules: RuleSet, today: date) -> None:
    """Raise for an end before the minimum or beyond the longest term, as counted from today (V9).

    The published end binds: nothing shortens a notice, so that a slip of the year could not be mended.
    """
    latest = add_working_days(today, rules.notice.max_working_days).last_day
    if published_end is not None and published_end > latest:
        text = f"公示期不得超过{rules.notice.max_working_days}个工作日，最迟于{latest.isoformat()}届满"
        raise malformed(
            reason("V9", "notice-too-long", text, evidence=published_end.isoformat(), pointer="/published_end")
        )
    last_day = add_working_days(today, rules.notice.min_working_days).last_day
    if published_end is not None and published_end < last_day:
        text = f"公示期不得少于{rules.notice.min_working_days}个工作日，最早于{last_day.isoformat()}届满"
        evidence = published_end.isoformat()
        raise malformed(reason("V9", "notice-too-short", text, evidence=evidence, pointer="/published_end"))


def nothing_to_publish() -> Reason:
    return reason("V9", "nothing-to-publish", "该批次没有待公示的入选单位")


def notice_opened_event(notice: PublicNotice) -> PublicNoticeOpened:
    return PublicNoticeOpened(
        notice_id=notice.notice_id,
        level=notice.level,
        batch_year=notice.batch_year,
        opened_on=notice.opened_on,
        minimum_end=notice.minimum_end,
        published_end=notice.published_end,
        article=basis("V9").article,
        rule_set=notice.rule_set,
        provisional=notice.provisional,
        shown=notice.shown,
        digest=notice.digest,
    )


def publish_case(case: Case, notice_id: str) -> Transition:
    return Transition(
        replace(case, state=Stage.IN_NOTICE, notice_id=notice_id),
        action="in public notice",
        rule="V9",
        reason="列入公示名单",
        audience=Audience.REVIEWERS,
        evidence={"notice": notice_id, "rank": str(case.rank)},
    )


def entered_event(case: Case, notice: PublicNotice) -> PublicNoticeEntered:
    return PublicNoticeEntered(
        **case.event_fields(),
        notice_id=notice.notice_id,
        rank=case.rank or 1,
        opened_on=notice.opened_on,
        published_end=notice.published_end,
    )


def is_due(notice: PublicNotice, today: date) -> bool:
    """Whether the notice is over and not concluded yet."""
    return notice.state == "open" and today > notice.published_end


def conclude_notice(notice: PublicNotice, today: date) -> PublicNotice:
    """Conclude the notice, not before its published end is over (V9)."""
    if notice.state != "open":
        raise refusal("V9", "notice-concluded", "该公示已经结束", evidence=str(notice.concluded_on))
    if today <= notice.published_end:
        text = f"公示期至{notice.published_end.isoformat()}届满，不得提前结束"
        raise refusal("V9", "notice-running", text, evidence=notice.published_end.isoformat())
    return replace(notice, state="concluded", concluded_on=today)


def notice_concluded_event(
    notice: PublicNotice, concluded_on: date, cleared: int, waiting: int
) -> PublicNoticeConcluded:
    return PublicNoticeConcluded(
        notice_id=notice.notice_id,
        level=notice.level,
        batch_year=notice.batch_year,
        concluded_on=concluded_on,
        cleared=cleared,
        waiting=waiting,
    )


def unopposed(case: Case) -> bool:
    return case.state is Stage.IN_NOTICE and not case.open_objections and case.suspended_by is None


def clear_if_unopposed(case: Case, notice: PublicNotice | None, today: date) -> list[Transition]:
    """Clear the case for the annual list when its notice is over and nothing is open against it (V10)."""
    if notice is None or notice.state != "concluded" or not unopposed(case):
        return []
    return [clear_case(case, notice, today)]


def clear_case(case: Case, notice: PublicNotice, today: date) -> Transition:
    require_next_stage(case, "V10", Stage.CLEARED)
    after = replace(case, state=Stage.CLEARED)
    return Transition(
        after,
        action="cleared",
        rule="V10",
        reason="公示期满无异议",
        audience=Audience.RECORD,
        evidence={"notice": notice.notice_id},
        events=(cleared_event(after, notice, today),),
    )


def cleared_event(case: Case, notice: PublicNotice, cleared_on: date) -> CaseCleared:
    if case.score is None:
        raise ValueError(f"{case.case_id} came to a public notice without a score")
    return CaseCleared(**case.event_fields(), notice_id=notice.notice_id, score=case.score.total, cleared_on=cleared_on)


def record_listing(case: Case, listing: UnitListed) -> Transition:
    """Record the registry's announcement: from now on nothing stops the case here."""
    state = Stage.LISTED if case.state is stage_before(Stage.LISTED) else case.state
    return Transition(
        replace(case, state=state, listed_on=listing.listed_on),
        action="listed",
        rule="L3",
        reason="已列入公布名单",
        audience=Audience.RECORD,
        evidence={"list": str(listing.list_number), "document": listing.document_number},
    )
