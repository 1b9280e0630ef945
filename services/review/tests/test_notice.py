from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from chassis.handling import Refusal
from messages.review import Case as SaidOfCase
from messages.review import (
    CaseCleared,
    CaseClosed,
    ConsultationOpened,
    ObjectionLodged,
    ObjectionResolved,
    PublicNoticeConcluded,
    PublicNoticeEntered,
    PublicNoticeOpened,
    Stage,
)
from messages.values import Level
from review.domain import notice
from review.domain.notice import NoticeRequest, PublicNotice
from review.domain.notice_list import ListSeal, NoticeLine, line_of
from review.handlers.objections import LodgeObjection, ResolveObjection, lodge_objection, resolve_objection

from .builders import CITIZEN, COPPER, OPENED, REGION, RULES, STEEL, accepted, scored_case, unit
from .harness import ReviewHarness

NOTICE_DAY, LAST_DAY, DAY_AFTER = date(2026, 6, 18), date(2026, 6, 26), date(2026, 6, 27)
"""Five working days from 18 June 2026: 19 to 21 June are off."""
SHOWN = line_of(replace(scored_case("app-1", "80"), state=Stage.RANKED, rank=1), "notice-1")


def opened(day: date = NOTICE_DAY, until: date | None = None, *lines: NoticeLine) -> PublicNotice:
    seal = ListSeal()
    seal.add(lines or [SHOWN])
    return notice.open_notice(NoticeRequest("notice-1", Level.REGION, 2026, until), seal, RULES, day)


@pytest.mark.rule("V9", "T4")
def test_a_notice_runs_five_working_days_from_the_day_after_it_is_published() -> None:
    assert opened().minimum_end == LAST_DAY
    assert opened().published_end == LAST_DAY


@pytest.mark.rule("V9")
def test_it_may_be_longer_but_never_shorter() -> None:
    assert opened(until=date(2026, 6, 30)).published_end == date(2026, 6, 30)
    with pytest.raises(Refusal) as refused:
        notice.require_lawful_end(date(2026, 6, 25), RULES, NOTICE_DAY)
    assert refused.value.reasons[0].code == "notice-too-short"


@pytest.mark.rule("V9")
def test_the_list_shown_is_frozen_with_its_digest() -> None:
    renamed = replace(SHOWN, unit=unit(name="另一家公司"))

    assert (opened().shown, opened().digest) == (1, opened(NOTICE_DAY, None, SHOWN).digest)
    assert opened(NOTICE_DAY, None, renamed).digest != opened().digest
    assert opened(NOTICE_DAY, None, SHOWN, renamed).digest != opened(NOTICE_DAY, None, renamed, SHOWN).digest


@pytest.mark.rule("V9")
def test_a_notice_that_begins_later_than_it_was_asked_for_is_no_shorter() -> None:
    assert opened(date(2026, 6, 22), until=LAST_DAY).published_end == date(2026, 6, 29)


async def in_notice(handlers: ReviewHarness) -> tuple[str, str, str]:
    """Two cases in a notice that opened on 18 June."""
    await handlers.register()
    one = await handlers.score(accepted("app-1", unit(STEEL)), "0.95")
    other = await handlers.score(accepted("app-2", unit(COPPER)), "0.9")
    await handlers.visit()
    await handlers.rank()
    handlers.today = NOTICE_DAY
    return await handlers.publish(), one, other


def decision(notice_id: str, *, upheld: bool, text: str = "经核实") -> ResolveObjection:
    return ResolveObjection(notice_id, "obj-1", upheld, text, REGION)


@pytest.mark.rule("V9")
async def test_the_notice_shows_every_selected_case_in_its_place(handlers: ReviewHarness) -> None:
    _, one, other = await in_notice(handlers)

    (said,) = [each for each in handlers.published if isinstance(each, PublicNoticeOpened)]
    shown = [each for each in handlers.published if isinstance(each, PublicNoticeEntered)]
    assert [(each.case_id, each.rank, each.published_end) for each in shown] == [
        (one, 1, LAST_DAY),
        (other, 2, LAST_DAY),
    ]
    assert said.shown == 2
    assert (said.minimum_end, said.provisional) == (LAST_DAY, False)
    assert (await handlers.case(one)).state is Stage.IN_NOTICE
    with pytest.raises(Refusal) as empty:
        await handlers.publish()
    assert empty.value.code == "nothing-to-publish"


@pytest.mark.rule("G3")
async def test_whatever_is_said_of_a_case_names_its_rule_set_and_days_that_run_name_their_article(
    handlers: ReviewHarness,
) -> None:
    notice_id, one, _ = await in_notice(handlers)
    await handlers.object(notice_id, one)
    await handlers.do(resolve_objection, decision(notice_id, upheld=True))
    handlers.today = DAY_AFTER
    await handlers.conclude(notice_id)

    of_cases: list[Any] = [each for each in handlers.published if isinstance(each, SaidOfCase)]
    (shown,) = [each for each in handlers.published if isinstance(each, PublicNoticeOpened)]
    asked = [each for each in handlers.published if isinstance(each, ConsultationOpened)]
    assert len({type(each) for each in of_cases}) > 12
    assert {each.rule_set for each in of_cases} == {shown.rule_set} == {RULES.version}
    assert {each.article for each in asked} == {"第十四条第（二）项"}
    assert shown.article == "第十四条第（三）项"


@pytest.mark.rule("V9")
async def test_a_notice_cannot_be_concluded_early(handlers: ReviewHarness) -> None:
    notice_id, _, _ = await in_notice(handlers)

    for day in (NOTICE_DAY, LAST_DAY):
        handlers.today = day
        with pytest.raises(Refusal) as refused:
            await handlers.conclude(notice_id)
        assert refused.value.code == "notice-running"


@pytest.mark.rule("V10")
async def test_after_it_every_case_without_objection_is_cleared_and_the_notice_ends_once(
    handlers: ReviewHarness,
) -> None:
    notice_id, one, other = await in_notice(handlers)
    handlers.today = DAY_AFTER

    concluded, *cleared = await handlers.conclude(notice_id)

    assert isinstance(concluded, PublicNoticeConcluded)
    assert (concluded.cleared, concluded.waiting) == (2, 0)
    assert [(type(each), each.subject) for each in cleared] == [(CaseCleared, one), (CaseCleared, other)]
    assert {(await handlers.case(each)).state for each in (one, other)} == {Stage.CLEARED}
    with pytest.raises(Refusal) as again:
        await handlers.conclude(notice_id)
    assert again.value.code == "notice-concluded"


@pytest.mark.rule("V9")
async def test_an_objection_is_said_without_the_objector(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)

    await handlers.lodge(notice_id, one)

    said = handlers.published[-1]
    assert isinstance(said, ObjectionLodged)
    assert "王某" not in said.model_dump_json()
    kept = await handlers.store().objections.require("obj-1")
    assert (kept.name, kept.contact) == ("王某", "0472-0000000")
    await handlers.decide_receipt(notice_id)
    entries = await handlers.store().records.find({"case_id": one})
    assert not any("王某" in str(each) or "0472" in str(each) for each in entries)


@pytest.mark.rule("V9")
async def test_an_objection_needs_facts_a_name_and_a_contact_all_told_at_once(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)

    with pytest.raises(Refusal) as refused:
        await handlers.do(lodge_objection, LodgeObjection("obj-1", notice_id, one, " ", "", " ", CITIZEN))
    assert [each.pointer for each in refused.value.reasons] == ["/facts", "/name", "/contact"]


@pytest.mark.rule("V9")
async def test_with_an_objection_open_that_case_waits_and_the_others_go_on(handlers: ReviewHarness) -> None:
    notice_id, one, other = await in_notice(handlers)
    await handlers.object(notice_id, one)
    handlers.today = DAY_AFTER

    concluded, *cleared = await handlers.conclude(notice_id)

    assert isinstance(concluded, PublicNoticeConcluded)
    assert (concluded.cleared, concluded.waiting) == (1, 1)
    assert [each.subject for each in cleared] == [other]
    assert (await handlers.case(one)).state is Stage.IN_NOTICE


@pytest.mark.rule("V9", "V10")
async def test_a_waiting_case_is_cleared_when_its_objection_is_dismissed(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    await handlers.object(notice_id, one)
    handlers.today = DAY_AFTER
    await handlers.conclude(notice_id)

    resolved, cleared = await handlers.do(resolve_objection, decision(notice_id, upheld=False))

    assert isinstance(resolved, ObjectionResolved)
    assert isinstance(cleared, CaseCleared)
    assert (await handlers.case(one)).state is Stage.CLEARED


@pytest.mark.rule("V9")
async def test_an_upheld_objection_takes_the_case_off_the_list(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    await handlers.object(notice_id, one)

    _, closed = await handlers.do(resolve_objection, decision(notice_id, upheld=True))
    handlers.today = DAY_AFTER
    concluded, *_ = await handlers.conclude(notice_id)

    assert isinstance(closed, CaseClosed)
    assert (closed.outcome, closed.reasons[0].rule) == ("objection_upheld", "V9")
    assert isinstance(concluded, PublicNoticeConcluded)
    assert (concluded.cleared, concluded.waiting) == (1, 0)


@pytest.mark.rule("V9")
async def test_while_the_notice_runs_a_dismissed_objection_clears_nothing_yet(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    await handlers.object(notice_id, one)

    said = await handlers.do(resolve_objection, decision(notice_id, upheld=False))

    assert [type(each) for each in said] == [ObjectionResolved]
    assert (await handlers.case(one)).state is Stage.IN_NOTICE


@pytest.mark.rule("V9")
async def test_an_objection_is_decided_once_and_with_reasons(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    await handlers.object(notice_id, one)

    with pytest.raises(Refusal) as wordless:
        await handlers.do(resolve_objection, decision(notice_id, upheld=True, text=" "))
    await handlers.do(resolve_objection, decision(notice_id, upheld=False))
    with pytest.raises(Refusal) as again:
        await handlers.do(resolve_objection, decision(notice_id, upheld=True))
    assert wordless.value.status == 422
    assert again.value.code == "objection-resolved"


@pytest.mark.rule("V9")
async def test_objections_come_until_the_last_day_and_only_against_a_case_on_the_list(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    handlers.today = LAST_DAY
    await handlers.object(notice_id, one)

    with pytest.raises(Refusal) as stranger:
        await handlers.object(notice_id, "app-9", "obj-2")
    handlers.today = DAY_AFTER
    with pytest.raises(Refusal) as late:
        await handlers.object(notice_id, one, "obj-3")
    assert stranger.value.code == "not-in-notice"
    assert late.value.code == "notice-ended"


@pytest.mark.rule("V9")
async def test_an_objection_is_decided_under_its_own_notice_only(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    await handlers.object(notice_id, one)

    with pytest.raises(Refusal) as refused:
        await handlers.do(resolve_objection, ResolveObjection("notice-other", "obj-1", True, "经核实", REGION))
    assert refused.value.status == 404
    assert OPENED < NOTICE_DAY
