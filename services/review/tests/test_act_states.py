"""The states of an act on a batch: what is still undecided, what may go on, and what readers see meanwhile (V8, V9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from chassis.handling import Refusal
from messages.event import Event
from messages.review import Stage
from messages.values import Level
from review.domain.act import (
    Act,
    ActState,
    case_as_seen,
    changed_by,
    continue_act,
    halt_act,
    refuse_act,
    remember_before,
)
from review.domain.notice import nothing_to_publish, publish_case
from review.handlers.acts import acts_under_way, undecided_acts
from review.store import Store

from .builders import OPENED, REGION, scored_case
from .harness import ReviewHarness

BEFORE_THE_RESULT_STANDS = {ActState.COLLECTING, ActState.COMPUTING, ActState.APPLYING, ActState.SEALING}
ENDED = {ActState.DONE, ActState.REFUSED}
ACT = Act("act-1", "notice", "region-2026", Level.REGION, 2026, REGION, OPENED, ActState.APPLYING, total=1)


async def put_acts(acts: list[Act], store: Store, _now: datetime) -> list[Event]:
    for each in acts:
        store.acts.save(each.act_id, each)
    return []


@pytest.mark.rule("V8", "V9")
async def test_readers_see_nothing_of_an_act_until_it_stands_and_it_is_under_way_until_it_has_ended(
    handlers: ReviewHarness,
) -> None:
    await handlers.do(put_acts, [replace(ACT, act_id=state.value, state=state) for state in ActState])

    store = handlers.store()
    assert await undecided_acts(store) == {each.value for each in BEFORE_THE_RESULT_STANDS}
    assert {each.act_id for each in await acts_under_way(store)} == {state.value for state in ActState} - ENDED
    for state in ActState:
        act = replace(ACT, state=state)
        assert (act.decided, act.finished) == (state not in BEFORE_THE_RESULT_STANDS, state in ENDED)


@pytest.mark.rule("V8", "V9")
def test_a_case_that_an_undecided_act_has_changed_is_seen_as_it_was() -> None:
    before = replace(scored_case("app-1", "90"), state=Stage.RANKED, rank=2)
    changed = remember_before(publish_case(before, "notice-1"), before, ACT).case

    assert (changed.state, changed.notice_id) == (Stage.IN_NOTICE, "notice-1")
    assert replace(case_as_seen(changed, {"act-1"}), before=None) == before
    assert case_as_seen(changed, set()) == case_as_seen(changed, {"act-2"}) == changed
    assert case_as_seen(before, {"act-1"}) == before
    assert changed_by(changed, ACT)
    assert not changed_by(changed, replace(ACT, act_id="act-2"))
    assert not changed_by(before, ACT)


def test_an_act_that_stopped_goes_on_where_it_stood_and_one_that_has_ended_does_not() -> None:
    halted = halt_act(replace(ACT, cursor="app-7", stage=1, steps=3), "timeout")

    assert (halted.halted, halted.steps, halted.cursor, halted.state) == (True, 4, "app-7", ActState.APPLYING)
    (why,) = halted.reasons
    assert (why.rule, why.code, why.evidence) == ("V9", "act-halted", "applying: timeout")
    going = continue_act(halted)
    assert (going.halted, going.reasons, going.steps, going.cursor) == (False, (), 5, "app-7")
    assert len(halt_act(ACT, "x" * 900).reasons[0].evidence or "") == 500
    for state in ActState:
        if state in ENDED:
            with pytest.raises(Refusal, match="act-finished"):
                continue_act(replace(halted, state=state))
        else:
            assert continue_act(replace(halted, state=state)).state is state


def test_an_act_that_is_refused_begins_to_discard_with_its_reasons() -> None:
    refused = refuse_act(replace(ACT, cursor="app-7", stage=1), nothing_to_publish())

    assert (refused.state, refused.cursor, refused.stage) == (ActState.DISCARDING, "", 0)
    assert [each.code for each in refused.reasons] == ["nothing-to-publish"]
