from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from assessor_quota.domain.amendment import Amendment
from assessor_quota.domain.reconciliation import DiscrepancyKind
from assessor_quota.gauges import GAUGES, OTHER, REASONS
from assessor_quota.handlers.register import AmendAssessor, EndRegistration, amend_assessor, end_registration
from assessor_quota.handlers.sanctions import revoke_sanction, sanction_assessor
from assessor_quota.store import Store
from chassis.observability import DomainGauge
from devkit import HandlerHarness
from messages.assessor_quota import QuotaItemRefused
from messages.values import PersonRef, UnitType

from . import builders, harness
from .builders import DAY_AFTER, LIMIT, NEW_YEAR, NORTH, NOW, SOUTH, TODAY, accepted, decision, revocation, submitted
from .harness import deliver, fill, run_job

_GAUGES = {gauge.name: gauge for gauge in GAUGES}


async def read(handlers: HandlerHarness[Store], name: str, now: datetime = NOW) -> dict[tuple[str, ...], float]:
    return dict(await _GAUGES[name].read(handlers.store(), now))


async def refused_for(handlers: HandlerHarness[Store]) -> dict[str, float]:
    """The zeros left out."""
    counted = await read(handlers, "quota_items_refused")
    return {reason: count for (reason,), count in counted.items() if count}


async def test_items_in_use_are_counted_by_state_for_this_year_and_the_next(handlers: HandlerHarness[Store]) -> None:
    await deliver(handlers, [submitted("a"), submitted("b"), accepted("b"), submitted("c", batch_year=2027)], NOW)
    assert await read(handlers, "quota_items_in_use") == {("reserved",): 2, ("confirmed",): 1}
    assert await read(handlers, "quota_items_in_use", NEW_YEAR) == {("reserved",): 1, ("confirmed",): 0}


async def test_refused_items_are_counted_by_their_first_reason(handlers: HandlerHarness[Store]) -> None:
    await fill(handlers, LIMIT)
    await deliver(handlers, [submitted("full", SOUTH), submitted("stranger", builders.THIRD)], NOW)
    await handlers.handle(sanction_assessor, decision(against=builders.OTHER), NOW)
    await deliver(handlers, [submitted("banned", builders.OTHER)], NOW)
    found = await refused_for(handlers)
    assert found == {"quota-exhausted": 1, "assessor-not-registered": 1, "assessor-sanctioned": 1}


async def test_every_reason_a_submission_can_be_refused_for_has_a_name_of_its_own() -> None:
    scoped = builders.assessor(builders.THIRD, PersonRef(digest="c" * 64, masked="15**************33"))
    handlers = await harness.handler_harness(scoped)
    await handlers.handle(
        amend_assessor,
        AmendAssessor(builders.THIRD, None, Amendment(scope=(UnitType.FACTORY,)), builders.OFFICER),
        NOW,
    )
    await deliver(
        handlers,
        [
            submitted("park", builders.THIRD, unit_type=UnitType.PARK),
            submitted("gone", builders.THIRD, lead_author="S2"),
            submitted("far", builders.THIRD, batch_year=2031),
        ],
        NOW,
    )
    end = EndRegistration(builders.THIRD, TODAY, "终一号", builders.OFFICER)
    await handlers.handle(end_registration, end, NOW)
    await deliver(handlers, [submitted("late", builders.THIRD)], NOW)
    told = {each.reasons[0].code for each in handlers.published if isinstance(each, QuotaItemRefused)}
    assert told == {"outside-scope", "not-on-staff", "year-out-of-range", "assessor-deregistered"}
    assert told < set(REASONS)
    assert OTHER not in await refused_for(handlers)


@pytest.mark.rule("Q1")
async def test_a_representative_is_full_with_the_last_place_and_not_before(handlers: HandlerHarness[Store]) -> None:
    await fill(handlers, LIMIT - 1)
    assert await read(handlers, "quota_representatives_exhausted") == {(): 0}
    await deliver(handlers, [submitted("last")], NOW)
    assert await read(handlers, "quota_representatives_exhausted") == {(): 1}
    assert await read(handlers, "quota_representatives_exhausted", NEW_YEAR) == {(): 0}


@pytest.mark.rule("S4")
async def test_a_sanction_in_force_is_counted_until_it_is_revoked_or_over(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(sanction_assessor, decision(), NOW)
    assert await read(handlers, "quota_sanctions_in_force") == {(): 1}
    assert await read(handlers, "quota_sanctions_in_force", NOW + timedelta(days=3 * 366)) == {(): 0}
    await handlers.handle(revoke_sanction, revocation(), NOW)
    assert await read(handlers, "quota_sanctions_in_force") == {(): 0}


@pytest.mark.rule("Q2")
async def test_drift_is_not_told_before_a_sweep_and_is_zero_of_every_kind_after_it(
    handlers: HandlerHarness[Store],
) -> None:
    await deliver(handlers, [submitted("a")], NOW)
    assert await read(handlers, "quota_ledger_discrepancies") == {}
    await run_job(handlers, "reconcile", NOW)
    assert await read(handlers, "quota_ledger_discrepancies") == {(kind.value,): 0 for kind in DiscrepancyKind}


@pytest.mark.rule("Q2")
async def test_a_finding_that_is_too_old_is_not_told_as_if_all_were_well(handlers: HandlerHarness[Store]) -> None:
    await run_job(handlers, "reconcile", NOW)
    assert await read(handlers, "quota_ledger_discrepancies", NOW + timedelta(hours=1))
    assert await read(handlers, "quota_ledger_discrepancies", NOW + timedelta(hours=1, seconds=1)) == {}


async def test_the_oldest_unanswered_reservation_ages_until_it_is_answered(handlers: HandlerHarness[Store]) -> None:
    name = "quota_oldest_reservation_age_seconds"
    assert await read(handlers, name) == {(): 0}
    await deliver(handlers, [submitted("a", NORTH)], NOW)
    await deliver(handlers, [submitted("b", NORTH)], NOW + timedelta(days=1))
    assert await read(handlers, name, NOW + timedelta(days=2)) == {(): timedelta(days=2).total_seconds()}
    await deliver(handlers, [accepted("a")], NOW)
    assert await read(handlers, name, NOW + timedelta(days=2)) == {(): timedelta(days=1).total_seconds()}


@pytest.mark.rule("S5")
async def test_statements_that_are_overdue_are_counted(handlers: HandlerHarness[Store]) -> None:
    await run_job(handlers, "open-duties", NEW_YEAR)
    assert await read(handlers, "quota_statements_overdue") == {(): 0}
    await run_job(handlers, "note-overdue", DAY_AFTER)
    assert await read(handlers, "quota_statements_overdue") == {(): 3}


@pytest.mark.parametrize("gauge", GAUGES, ids=lambda gauge: gauge.name)
async def test_no_label_tells_whom_it_is_about(handlers: HandlerHarness[Store], gauge: DomainGauge) -> None:
    """Labels are kinds: no code of an organisation, no digest, no application, no prefecture."""
    await fill(handlers, LIMIT + 1)
    await run_job(handlers, "reconcile", NOW)
    labels = {label for labels in await read(handlers, gauge.name) for label in labels}
    assert not any(character.isdigit() for label in labels for character in label)
