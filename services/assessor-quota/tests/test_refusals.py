"""The code of each refusal around its reasons (G3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from assessor_quota.domain.amendment import Amendment
from assessor_quota.handlers.register import (
    AmendAssessor,
    EndRegistration,
    amend_assessor,
    end_registration,
    register_assessor,
)
from assessor_quota.handlers.sanctions import revoke_sanction, sanction_assessor
from assessor_quota.store import Store
from chassis.handling import Refusal
from devkit import HandlerHarness
from messages.assessor_quota import AssessorSanctioned

from .builders import NORTH, NOW, OFFICER, THIRD, TODAY, assessor, decision, registration, revocation

DAY = timedelta(days=1)


@pytest.mark.rule("S7")
async def test_registrations_amendments_and_ends_are_refused_under_their_own_codes(
    handlers: HandlerHarness[Store],
) -> None:
    lacking = registration(replace(assessor(THIRD), scope=(), staff=()))
    with pytest.raises(Refusal) as registered:
        await handlers.handle(register_assessor, lacking, NOW)
    with pytest.raises(Refusal) as amended:
        await handlers.handle(amend_assessor, AmendAssessor(NORTH, None, Amendment(), OFFICER), NOW)
    with pytest.raises(Refusal) as ended:
        await handlers.handle(end_registration, EndRegistration(NORTH, TODAY + DAY, "注销一号", OFFICER), NOW)

    assert (registered.value.code, registered.value.status) == ("registration-incomplete", 422)
    assert (amended.value.code, amended.value.status) == ("amendment-refused", 422)
    assert (ended.value.code, ended.value.status) == ("deregistration-refused", 409)
    for each in (registered, amended, ended):
        assert {why.rule for why in each.value.reasons} == {"S7"}


@pytest.mark.rule("S1")
@pytest.mark.parametrize(
    ("decided_on", "code"), [(TODAY + DAY, "decision-in-future"), (date(2023, 1, 1), "before-the-regulation")]
)
async def test_a_decision_is_of_a_day_that_has_come_and_that_the_regulation_knows(
    handlers: HandlerHarness[Store], decided_on: date, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await handlers.handle(sanction_assessor, decision("一号", decided_on), NOW)
    (why,) = refused.value.reasons
    assert (refused.value.code, why.rule, why.code, why.pointer) == ("decision-refused", "S1", code, "/decided_on")


@pytest.mark.rule("S4")
async def test_a_revocation_is_of_a_day_that_has_come(handlers: HandlerHarness[Store]) -> None:
    (said,) = await handlers.handle(sanction_assessor, decision(), NOW)
    assert isinstance(said, AssessorSanctioned)
    assert [(each.rule, each.code) for each in said.reasons] == [("S1", "fraud-or-concealment")]

    with pytest.raises(Refusal) as refused:
        await handlers.handle(revoke_sanction, revocation(on=TODAY + DAY), NOW)
    assert [(each.rule, each.code, each.pointer) for each in refused.value.reasons] == [
        ("S4", "revocation-in-future", "/revoked_on")
    ]


@pytest.mark.rule("S4")
async def test_where_several_decisions_hold_the_one_meant_is_named(handlers: HandlerHarness[Store]) -> None:
    for number in ("一号", "二号"):
        await handlers.handle(sanction_assessor, decision(number), NOW)

    with pytest.raises(Refusal) as refused:
        await handlers.handle(revoke_sanction, revocation(), NOW)
    (why,) = refused.value.reasons
    assert (why.rule, why.code, why.evidence, why.pointer) == ("S4", "decision-not-named", "一号, 二号", "/decision")
    await handlers.handle(revoke_sanction, revocation(decision="二号"), NOW)
