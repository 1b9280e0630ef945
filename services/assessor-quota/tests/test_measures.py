from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from assessor_quota import handlers
from assessor_quota.domain.amendment import Amendment
from assessor_quota.domain.reconciliation import DiscrepancyKind
from assessor_quota.gauges import MEASURES, OTHER, REASONS
from assessor_quota.store import Store
from chassis.observability.gauges import DomainGauge
from devkit import HandlerHarness
from messages.assessor_quota import QuotaItemRefused
from messages.values import PersonRef, UnitType

from . import kit
from .kit import LIMIT, NORTH, NOW, SOUTH, TODAY, accepted, decision, fill, revocation, submitted
from .year import DAY_AFTER, NEW_YEAR, hear, run_job

_MEASURES = {measure.name: measure for measure in MEASURES}


async def read(bench: HandlerHarness[Store], name: str, now: datetime = NOW) -> dict[tuple[str, ...], float]:
    return dict(await _MEASURES[name].read(bench.store(), now))


async def refused_for(bench: HandlerHarness[Store]) -> dict[str, float]:
    """The zeros left out."""
    counted = await read(bench, "quota_items_refused")
    return {reason: count for (reason,), count in counted.items() if count}


async def test_items_in_use_are_counted_by_state_for_this_year_and_the_next(bench: HandlerHarness[Store]) -> None:
    await hear(bench, [submitted("a"), submitted("b"), accepted("b"), submitted("c", batch_year=2027)], NOW)
    assert await read(bench, "quota_items_in_use") == {("reserved",): 2, ("confirmed",): 1}
    assert await read(bench, "quota_items_in_use", NEW_YEAR) == {("reserved",): 1, ("confirmed",): 0}


async def test_refused_items_are_counted_by_their_first_reason(bench: HandlerHarness[Store]) -> None:
    await fill(bench, LIMIT)
    await hear(bench, [submitted("full", SOUTH), submitted("stranger", kit.THIRD)], NOW)
    await bench.handle(handlers.sanction_assessor, decision(against=kit.OTHER), NOW)
    await hear(bench, [submitted("banned", kit.OTHER)], NOW)
    found = await refused_for(bench)
    assert found == {"quota-exhausted": 1, "assessor-not-registered": 1, "assessor-sanctioned": 1}


async def test_every_reason_a_submission_can_be_refused_for_has_a_name_of_its_own() -> None:
    scoped = kit.assessor(kit.THIRD, PersonRef(digest="c" * 64, masked="15**************33"))
    bench = await kit.desk(scoped)
    await bench.handle(
        handlers.amend_assessor,
        handlers.AmendAssessor(kit.THIRD, None, Amendment(scope=(UnitType.FACTORY,)), kit.OFFICER),
        NOW,
    )
    await hear(
        bench,
        [
            submitted("park", kit.THIRD, unit_type=UnitType.PARK),
            submitted("gone", kit.THIRD, lead_author="S2"),
            submitted("far", kit.THIRD, batch_year=2031),
        ],
        NOW,
    )
    end = handlers.EndRegistration(kit.THIRD, TODAY, "终一号", kit.OFFICER)
    await bench.handle(handlers.end_registration, end, NOW)
    await hear(bench, [submitted("late", kit.THIRD)], NOW)
    told = {each.reasons[0].code for each in bench.published if isinstance(each, QuotaItemRefused)}
    assert told == {"outside-scope", "not-on-staff", "year-out-of-range", "assessor-deregistered"}
    assert told < set(REASONS)
    assert OTHER not in await refused_for(bench)


@pytest.mark.rule("Q1")
async def test_a_representative_is_full_with_the_last_place_and_not_before(bench: HandlerHarness[Store]) -> None:
    await fill(bench, LIMIT - 1)
    assert await read(bench, "quota_representatives_exhausted") == {(): 0}
    await hear(bench, [submitted("last")], NOW)
    assert await read(bench, "quota_representatives_exhausted") == {(): 1}
    assert await read(bench, "quota_representatives_exhausted", NEW_YEAR) == {(): 0}


@pytest.mark.rule("S4")
async def test_a_sanction_in_force_is_counted_until_it_is_revoked_or_over(bench: HandlerHarness[Store]) -> None:
    await bench.handle(handlers.sanction_assessor, decision(), NOW)
    assert await read(bench, "quota_sanctions_in_force") == {(): 1}
    assert await read(bench, "quota_sanctions_in_force", NOW + timedelta(days=3 * 366)) == {(): 0}
    await bench.handle(handlers.revoke_sanction, revocation(), NOW)
    assert await read(bench, "quota_sanctions_in_force") == {(): 0}


@pytest.mark.rule("Q2")
async def test_drift_is_not_told_before_a_sweep_and_is_zero_of_every_kind_after_it(
    bench: HandlerHarness[Store],
) -> None:
    await hear(bench, [submitted("a")], NOW)
    assert await read(bench, "quota_ledger_discrepancies") == {}
    await run_job(bench, "reconcile", NOW)
    assert await read(bench, "quota_ledger_discrepancies") == {(kind.value,): 0 for kind in DiscrepancyKind}


@pytest.mark.rule("Q2")
async def test_a_finding_that_is_too_old_is_not_told_as_if_all_were_well(bench: HandlerHarness[Store]) -> None:
    await run_job(bench, "reconcile", NOW)
    assert await read(bench, "quota_ledger_discrepancies", NOW + timedelta(hours=1))
    assert await read(bench, "quota_ledger_discrepancies", NOW + timedelta(hours=1, seconds=1)) == {}


async def test_the_oldest_unanswered_reservation_ages_until_it_is_answered(bench: HandlerHarness[Store]) -> None:
    name = "quota_oldest_reservation_age_seconds"
    assert await read(bench, name) == {(): 0}
    await hear(bench, [submitted("a", NORTH)], NOW)
    await hear(bench, [submitted("b", NORTH)], NOW + timedelta(days=1))
    assert await read(bench, name, NOW + timedelta(days=2)) == {(): timedelta(days=2).total_seconds()}
    await hear(bench, [accepted("a")], NOW)
    assert await read(bench, name, NOW + timedelta(days=2)) == {(): timedelta(days=1).total_seconds()}


@pytest.mark.rule("S5")
async def test_statements_that_are_overdue_are_counted(bench: HandlerHarness[Store]) -> None:
    await run_job(bench, "open-duties", NEW_YEAR)
    assert await read(bench, "quota_statements_overdue") == {(): 0}
    await run_job(bench, "note-overdue", DAY_AFTER)
    assert await read(bench, "quota_statements_overdue") == {(): 3}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
async def test_no_label_tells_whom_it_is_about(bench: HandlerHarness[Store], measure: DomainGauge) -> None:
    """Labels are kinds: no code of an organisation, no digest, no application, no prefecture."""
    await fill(bench, LIMIT + 1)
    await run_job(bench, "reconcile", NOW)
    labels = {label for labels in await read(bench, measure.name) for label in labels}
    assert not any(character.isdigit() for label in labels for character in label)
