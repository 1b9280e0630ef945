"""Acts on a batch in memory: cases that change while one goes on, and an act that stops and is continued."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from chassis.handling import Refusal
from chassis.persistence.unit_of_work import IdentityMap, UnitOfWork
from messages.review import CaseCleared, CaseClosed, PublicNoticeConcluded, PublicNoticeEntered, Stage
from messages.values import Level
from review.domain.act import ActState
from review.domain.case import Case
from review.gauges import GAUGES
from review.handlers import act_steps
from review.handlers.act_steps import next_steps
from review.handlers.acts import ContinueAct, have_act_continued
from review.handlers.applications import close_withdrawn_case
from review.handlers.assessors import record_revocation, record_sanction
from review.handlers.notice import ConcludeNotice, OpenNotice, conclude_notice, open_notice
from review.handlers.objections import resolve_objection
from review.handlers.ranking import rank_batch
from review.store import Store

from .builders import (
    ASSESSOR,
    COPPER,
    REGION,
    SOLAR,
    STEEL,
    accepted,
    order,
    reproducible,
    revoked,
    sanctioned,
    unit,
    withdrawn,
)
from .harness import ACTS, AFTER_FORWARDING, ReviewHarness, put_case
from .test_notice import DAY_AFTER, decision, in_notice


async def go_on_to(handlers: ReviewHarness, act_id: str, state: ActState) -> None:
    """Take the steps of an act up to a state."""
    while (act := await handlers.store().acts.require(act_id)).state is not state:
        assert not act.finished
        await handlers.run_jobs(ACTS, handlers.now, polls=1)


async def halted(handlers: ReviewHarness) -> float:
    """The gauge of acts that wait for somebody to continue them."""
    gauge = next(each for each in GAUGES if each.name == "review_acts_halted")
    return (await gauge.read(handlers.store(), handlers.now))[()]


async def judged(handlers: ReviewHarness) -> list[str]:
    await handlers.register()
    cases = [
        await handlers.score(accepted(f"app-{number}", unit(uscc), by=by), "0.95")
        for number, (uscc, by) in enumerate([(SOLAR, None), (COPPER, ASSESSOR), (STEEL, None)])
    ]
    await handlers.visit()
    handlers.today = AFTER_FORWARDING
    return cases


@pytest.mark.rule("V8", "A7", "S2")
async def test_a_case_that_changes_before_the_ranking_reaches_it_keeps_its_state_and_is_ranked_later(
    handlers: ReviewHarness,
) -> None:
    first, resting, third = await judged(handlers)
    command = handlers.ranking_command()
    await handlers.execute(rank_batch, command)
    await go_on_to(handlers, command.act_id, ActState.APPLYING)
    before = (await handlers.case(resting)).state
    await handlers.deliver(record_sanction, sanctioned())

    await handlers.run_jobs(ACTS, handlers.now)

    made = await handlers.ranked(command.act_id)
    left_out = {line.case_id: line.left_out for line in made.lines if line.left_out}
    assert (list(left_out), made.ranking.left_out, made.ranking.unplaced) == ([resting], 1, {"factory": 1})
    assert "变动" in str(left_out[resting])
    assert reproducible(made)
    assert ((await handlers.case(resting)).state, (await handlers.case(resting)).rank) == (before, None)
    assert {(await handlers.case(each)).state for each in (first, third)} == {Stage.RANKED}
    await handlers.deliver(record_revocation, revoked())
    later = await handlers.rank()
    assert (order(later), later.ranking.evaluation, later.ranking.decision) == ([resting], False, None)


@pytest.mark.rule("V8")
async def test_while_an_act_is_under_way_no_other_begins_on_the_batch(handlers: ReviewHarness) -> None:
    await judged(handlers)
    command = handlers.ranking_command()
    await handlers.execute(rank_batch, command)

    for state in (ActState.COLLECTING, ActState.APPLYING, ActState.PUBLISHING):
        await go_on_to(handlers, command.act_id, state)
        with pytest.raises(Refusal) as refused:
            await handlers.execute(open_notice, OpenNotice("act-9", Level.REGION, 2026, None, REGION))
        assert refused.value.code in {"act-under-way", "nothing-to-publish"}
    await handlers.run_jobs(ACTS, handlers.now)
    await handlers.publish()


@pytest.mark.rule("V8")
async def test_an_act_that_cannot_go_on_says_why_and_goes_on_once_the_reason_is_removed(
    handlers: ReviewHarness,
) -> None:
    first, broken, _ = await judged(handlers)
    whole = await handlers.case(broken)
    await handlers.do(put_case, replace(whole, score=None))
    command = handlers.ranking_command()
    await handlers.execute(rank_batch, command)

    await handlers.run_jobs(ACTS, handlers.now)
    stopped = await handlers.store().acts.require(command.act_id)
    assert stopped.halted
    assert [each.code for each in stopped.reasons] == ["act-halted"]
    assert f"{broken} has no score" in str(stopped.reasons[0].evidence)
    assert broken not in [line.case_id for line in await handlers.store().ranking_lines.find()]
    assert await halted(handlers) == 1
    await handlers.do(put_case, whole)
    await handlers.execute(have_act_continued, ContinueAct(command.act_id, REGION))
    await handlers.run_jobs(ACTS, handlers.now)
    assert await halted(handlers) == 0

    assert (await handlers.case(first)).state is Stage.RANKED
    assert len((await handlers.ranked(command.act_id)).lines) == 3
    with pytest.raises(Refusal) as again:
        await handlers.execute(have_act_continued, ContinueAct(command.act_id, REGION))
    assert again.value.code == "act-finished"


@pytest.mark.rule("V8")
async def test_an_act_whose_stored_values_were_changed_does_not_stand(handlers: ReviewHarness) -> None:
    first, *_ = await judged(handlers)
    command = handlers.ranking_command()
    await handlers.execute(rank_batch, command)
    await go_on_to(handlers, command.act_id, ActState.SEALING)
    key = f"{command.act_id}:{first}"
    handlers.documents("ranking_lines")[key]["score"] = "99.99"

    await handlers.run_jobs(ACTS, handlers.now)

    act = await handlers.store().acts.require(command.act_id)
    assert (act.state, act.halted, act.decided) == (ActState.SEALING, True, False)
    assert await handlers.store().rankings.find() == []


@pytest.mark.rule("V8")
async def test_the_end_of_a_case_is_published_only_when_the_ranking_stands(handlers: ReviewHarness) -> None:
    _, weak, _ = await judged(handlers)
    case = await handlers.case(weak)
    assert case.score is not None
    await handlers.do(put_case, replace(case, score=replace(case.score, total=Decimal(10))))
    command = handlers.ranking_command()
    await handlers.execute(rank_batch, command)

    await go_on_to(handlers, command.act_id, ActState.PUBLISHING)
    assert (await handlers.case(weak)).state is Stage.CLOSED
    assert not [each for each in handlers.published if isinstance(each, CaseClosed)]
    await handlers.run_jobs(ACTS, handlers.now)

    assert [each.case_id for each in handlers.published if isinstance(each, CaseClosed)] == [weak]


@pytest.mark.rule("V8", "V9")
async def test_what_is_read_to_compute_seal_and_check_is_not_kept(handlers: ReviewHarness) -> None:
    await judged(handlers)
    command = handlers.ranking_command()
    await handlers.execute(rank_batch, command)
    await go_on_to(handlers, command.act_id, ActState.COMPUTING)
    kept = [await _found_by_a_poll(handlers)]
    await go_on_to(handlers, command.act_id, ActState.SEALING)
    kept.append(await _found_by_a_poll(handlers))
    await handlers.run_jobs(ACTS, handlers.now)
    await handlers.execute(open_notice, OpenNotice("act-9", Level.REGION, 2026, None, REGION))
    await go_on_to(handlers, "act-9", ActState.SEALING)
    kept.append(await _found_by_a_poll(handlers))

    assert set().union(*kept) <= {"acts", "batches", "rankings"}


async def _found_by_a_poll(handlers: ReviewHarness) -> set[str]:
    """The collections of which the store of one poll holds documents at its end."""
    held = IdentityMap(handlers.memory, {})
    act_steps._rankings.forget()
    assert await next_steps(Store(UnitOfWork(held)), handlers.now)
    return {name for name in handlers.memory.collections if held.loaded_documents(name)}


@pytest.mark.rule("V9", "V10")
@pytest.mark.parametrize("state", [ActState.APPLYING, ActState.SEALING, ActState.PUBLISHING])
async def test_an_objection_dismissed_while_its_notice_is_concluded_clears_the_case(
    handlers: ReviewHarness, state: ActState
) -> None:
    notice_id, one, other = await in_notice(handlers)
    await handlers.object(notice_id, one)
    handlers.today = DAY_AFTER
    await handlers.execute(conclude_notice, ConcludeNotice("act-9", notice_id, REGION))
    await go_on_to(handlers, "act-9", state)

    await handlers.do(resolve_objection, decision(notice_id, upheld=False))
    await handlers.run_jobs(ACTS, handlers.now)

    cases: list[Case] = [await handlers.case(each) for each in (one, other)]
    assert {case.state for case in cases} == {Stage.CLEARED}
    assert sorted(each.case_id for each in handlers.published if isinstance(each, CaseCleared)) == [one, other]
    assert len([each for each in handlers.published if isinstance(each, PublicNoticeConcluded)]) == 1


@pytest.mark.rule("A5", "V9")
@pytest.mark.parametrize("state", [ActState.SEALING, ActState.PUBLISHING])
async def test_a_case_withdrawn_before_its_notice_stands_is_not_on_the_list(
    handlers: ReviewHarness, state: ActState
) -> None:
    first, *_ = await judged(handlers)
    await handlers.rank()
    await handlers.execute(open_notice, OpenNotice("act-9", Level.REGION, 2026, None, REGION))
    await go_on_to(handlers, "act-9", state)
    await handlers.do(close_withdrawn_case, withdrawn(first, unit(SOLAR)))

    await handlers.run_jobs(ACTS, handlers.now)

    (shown,) = await handlers.store().notices.find()
    lines = [line.case_id for line in await handlers.store().notice_lines.find()]
    entered = [each.case_id for each in handlers.published if isinstance(each, PublicNoticeEntered)]
    in_time = state is ActState.SEALING
    assert (first in lines, shown.shown) == (not in_time, 2 if in_time else 3)
    assert first not in entered
    assert sorted({*lines, *entered}) == sorted(lines)
