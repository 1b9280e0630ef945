from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from assessor_quota.handlers.register import register_assessor
from assessor_quota.handlers.sanctions import revoke_sanction, sanction_assessor
from assessor_quota.store import Store
from chassis.handling import Refusal
from devkit import HandlerHarness
from messages.assessor_quota import (
    AssessorRegistered,
    AssessorSanctioned,
    QuotaItemRefused,
    QuotaItemReserved,
    SanctionRevoked,
)

from .builders import (
    LIMIT,
    NORTH,
    NOW,
    SOUTH,
    THIRD,
    TODAY,
    WANG,
    assessor,
    decision,
    event_types,
    registration,
    revocation,
    submitted,
)
from .harness import fill
from .words import reserve_confirmed


@pytest.mark.rule("S1")
async def test_a_sanction_refuses_new_reservations_at_once_with_every_other_reason_beside(
    handlers: HandlerHarness[Store],
) -> None:
    await fill(handlers, LIMIT)
    (said,) = await handlers.handle(sanction_assessor, decision(), NOW)
    assert isinstance(said, AssessorSanctioned)
    assert (said.ban.first_day, said.ban.last_day) == (date(2026, 4, 20), date(2029, 4, 20))
    (no,) = await handlers.handle(reserve_confirmed, submitted("app-16", lead_author="S9"), NOW)
    assert isinstance(no, QuotaItemRefused)
    assert [each.rule for each in no.reasons] == ["S1", "S7", "Q1"]


@pytest.mark.rule("S1")
async def test_an_older_decision_recorded_later_does_not_shorten_what_listeners_hold(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(sanction_assessor, decision("二号"), NOW)
    (said,) = await handlers.handle(sanction_assessor, decision("一号", date(2026, 4, 1)), NOW)
    assert isinstance(said, AssessorSanctioned)
    assert (said.document_number, said.ban.first_day, said.ban.last_day) == ("一号", TODAY, date(2029, 4, 20))


@pytest.mark.rule("S1")
async def test_a_decision_recorded_after_its_three_years_says_its_own_days(handlers: HandlerHarness[Store]) -> None:
    late = datetime(2028, 1, 5, 2, tzinfo=UTC)
    (said,) = await handlers.handle(sanction_assessor, decision("一号", date(2024, 6, 1)), late)
    assert isinstance(said, AssessorSanctioned)
    assert said.ban.last_day == date(2027, 6, 1)


@pytest.mark.rule("S3")
async def test_a_sister_assessor_goes_on_when_one_is_sanctioned(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(sanction_assessor, decision(), NOW)
    assert event_types(await handlers.handle(reserve_confirmed, submitted(by=SOUTH), NOW)) == [QuotaItemReserved]


@pytest.mark.rule("S4")
async def test_a_revoked_sanction_lets_the_assessor_work_again(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(sanction_assessor, decision(), NOW)
    (said,) = await handlers.handle(revoke_sanction, revocation(), NOW)
    assert isinstance(said, SanctionRevoked)
    assert said.ban is None
    assert event_types(await handlers.handle(reserve_confirmed, submitted(), NOW)) == [QuotaItemReserved]


@pytest.mark.rule("S4")
async def test_a_revocation_says_what_still_holds_by_another_decision(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(sanction_assessor, decision("一号", date(2026, 4, 1)), NOW)
    await handlers.handle(sanction_assessor, decision("二号"), NOW)
    command = revocation(decision="一号")
    (said,) = await handlers.handle(revoke_sanction, command, NOW)
    assert isinstance(said, SanctionRevoked)
    assert said.ban is not None
    assert said.ban.first_day == TODAY


@pytest.mark.rule("S4")
async def test_a_revocation_of_a_past_day_says_the_decision_made_since(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(sanction_assessor, decision("一号", date(2026, 2, 1)), NOW)
    await handlers.handle(sanction_assessor, decision("二号", date(2026, 4, 1)), NOW)
    command = revocation(on=date(2026, 3, 1), decision="一号")
    (said,) = await handlers.handle(revoke_sanction, command, NOW)
    assert isinstance(said, SanctionRevoked)
    assert said.ban is not None
    assert said.ban.last_day == date(2029, 4, 1)


@pytest.mark.rule("S4")
async def test_what_cannot_be_revoked_is_refused_and_changes_nothing(handlers: HandlerHarness[Store]) -> None:
    with pytest.raises(Refusal) as no:
        await handlers.handle(revoke_sanction, revocation(), NOW)
    assert (no.value.code, no.value.reasons[0].code) == ("revocation-refused", "nothing-to-revoke")


@pytest.mark.rule("S1")
async def test_a_decision_before_the_regulation_is_refused(handlers: HandlerHarness[Store]) -> None:
    with pytest.raises(Refusal) as no:
        await handlers.handle(sanction_assessor, decision("一号", date(2023, 5, 1)), NOW)
    assert [each.code for each in no.value.reasons] == ["before-the-regulation"]


@pytest.mark.rule("S7")
async def test_an_assessor_is_registered_once_and_everybody_is_told_without_a_name_of_a_person(
    handlers: HandlerHarness[Store],
) -> None:
    said = handlers.published[0]
    assert isinstance(said, AssessorRegistered)
    assert "王某" not in said.model_dump_json()
    with pytest.raises(Refusal) as no:
        await handlers.handle(register_assessor, registration(assessor(NORTH)), NOW)
    assert no.value.code == "assessor-already-registered"


@pytest.mark.rule("S7")
async def test_an_incomplete_registration_is_refused_and_not_kept(handlers: HandlerHarness[Store]) -> None:
    incomplete = replace(registration(assessor(THIRD)), scope=(), staff=())
    with pytest.raises(Refusal) as no:
        await handlers.handle(register_assessor, incomplete, NOW)
    assert [each.code for each in no.value.reasons] == ["scope-missing", "staff-missing"]
    assert await handlers.store().assessors.get(THIRD) is None


@pytest.mark.rule("Q1")
async def test_a_representative_known_under_an_earlier_key_keeps_digest_and_quota(
    handlers: HandlerHarness[Store],
) -> None:
    await fill(handlers, LIMIT)
    rotated = WANG.model_copy(update={"digest": "c" * 64})
    await handlers.handle(register_assessor, registration(assessor(THIRD, rotated), (WANG.digest,)), NOW)
    (said,) = await handlers.handle(reserve_confirmed, submitted("app-16", THIRD), NOW)
    assert isinstance(said, QuotaItemRefused)
    assert [each.rule for each in said.reasons] == ["Q1"]
