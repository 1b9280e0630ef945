"""The second condition of a rule, and what a second event leaves of the first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import pytest
from applications.domain.application import SUSPENDED, ProgressStep, State
from applications.domain.completeness import completeness_problems
from applications.domain.facts import Fact, FactKind, FactSource, Lookback, facts_against
from applications.domain.files import file_problems
from applications.domain.information import FinancialYear, contradictions
from applications.domain.organisation_status import Listing, OrganisationStatus, Removal
from applications.handlers import listings, progress
from applications.store import Store
from devkit.api_harness import ApiClient, ApiHarness
from messages.event import Event
from messages.values import Ban, Level, MandatoryItemAnswer, UnitType
from rulebook.periods import Interval

from . import builders_forms as forms
from .api_calls import APPLICATIONS, PDF, open_draft_with_report
from .builders import (
    DIGEST,
    NOW,
    PARK,
    RULES,
    STEEL,
    TODAY,
    application,
    report,
    scheme_of,
    standing,
)
from .builders_events import KEY, unit_removed
from .eligibility_checks import information_founded_on
from .harness import ApplicationsHarness
from .test_suspension import CLOSED, OPENED
from .test_suspension import SUSPENDED as CASE_SUSPENDED

EARLIER = Ban(first_day=date(2024, 3, 1), last_day=date(2027, 3, 1))
LATER = Ban(first_day=date(2026, 3, 1), last_day=date(2029, 3, 1))


def removal(number: int, ban: Ban | None, unit_key: str = STEEL.key, **changed: Any) -> Removal:  # noqa: ANN401 - fields
    return replace(Removal(unit_key, (Level.REGION,), number, f"移出{number}号", ban), **changed)


@pytest.mark.rule("B1", "B2", "E11")
def test_every_removal_of_an_organisation_keeps_its_ban_and_a_repeated_one_counts_once() -> None:
    first, second = removal(1, EARLIER), removal(2, LATER)
    status = OrganisationStatus(STEEL.uscc).with_removal(first).with_removal(second)

    assert status.removals == (first, second)
    assert status.with_removal(first).with_removal(second).removals == (first, second)
    assert status.ban_on(date(2026, 2, 1)) == EARLIER
    assert status.ban_on(date(2026, 4, 1)) == LATER
    assert OrganisationStatus(STEEL.uscc).with_removal(second).with_removal(first).ban_on(date(2026, 2, 1)) == EARLIER


@pytest.mark.rule("B1", "E11")
def test_the_ban_that_ends_last_counts_whichever_removal_came_last() -> None:
    short, long = removal(1, Ban(first_day=TODAY, last_day=date(2026, 5, 1))), removal(2, LATER)

    assert OrganisationStatus(STEEL.uscc).with_removal(short).with_removal(long).ban_on(TODAY) == LATER
    assert OrganisationStatus(STEEL.uscc).with_removal(long).with_removal(short).ban_on(TODAY) == LATER


@pytest.mark.rule("B1")
def test_removals_of_two_parks_with_one_number_are_two() -> None:
    one, other = removal(1, EARLIER, f"{PARK.uscc}/甲园区"), removal(1, LATER, f"{PARK.uscc}/乙园区")
    status = OrganisationStatus(PARK.uscc).with_removal(one).with_removal(other)

    assert status.removals == (one, other)


@pytest.mark.rule("B1", "B2")
async def test_two_removals_of_one_unit_are_both_on_record(handlers: ApplicationsHarness) -> None:
    await handlers.handle(listings.record_removal, unit_removed(2, EARLIER), NOW)
    await handlers.handle(listings.record_removal, unit_removed(3, LATER), NOW)
    await handlers.handle(listings.record_removal, unit_removed(2, EARLIER), NOW)

    assert {each.sequence: each.ban for each in (await handlers.standing()).removals} == {2: EARLIER, 3: LATER}


@pytest.mark.rule("L4")
def test_a_removal_ends_the_titles_of_its_unit_levels_and_type_and_no_others() -> None:
    held = Listing(STEEL.key, STEEL.unit_type, Level.REGION, date(2025, 9, 1), "内工信示字〔2025〕1号")
    others = (
        replace(held, level=Level.NATION),
        replace(held, unit_key="another"),
        replace(held, unit_type=UnitType.SUPPLY_CHAIN),
    )
    status = OrganisationStatus(STEEL.uscc, listings=(held, *others))

    assert status.with_removal(removal(9, None, unit_type=STEEL.unit_type)).listings == others
    assert status.with_removal(removal(9, None)).listings == others[:2]


@pytest.mark.rule("L4")
def test_a_listing_older_than_a_removal_heard_before_is_not_held_and_a_newer_one_is() -> None:
    held = Listing(STEEL.key, STEEL.unit_type, Level.REGION, date(2025, 9, 1), "内工信示字〔2025〕1号")
    removed = OrganisationStatus(STEEL.uscc).with_removal(removal(5, None))

    assert [len(removed.with_listing(held, number).listings) for number in (4, 5, 6)] == [0, 1, 1]
    assert removed.with_listing(held).listings == (held,)
    assert removed.with_listing(replace(held, unit_key="another"), 4).listings != ()


@pytest.mark.rule("B2")
def test_a_removal_stops_open_applications_until_the_last_day_of_its_ban() -> None:
    status = standing().with_open(KEY, STEEL, Level.REGION)

    assert [each.application_id for each in status.applications_stopped_by(removal(1, LATER), LATER.last_day)] == [KEY]
    assert status.applications_stopped_by(removal(1, LATER), date(2029, 3, 2)) == ()
    assert status.applications_stopped_by(removal(1, None), TODAY) == ()


@pytest.mark.rule("A2")
def test_a_report_without_a_scheme_is_told_which_one_it_should_follow() -> None:
    scheme = scheme_of(STEEL)
    lacking = replace(application(), report=report(scheme=None))

    (why,) = completeness_problems(lacking, TODAY, RULES, scheme, (DIGEST,))

    assert (why.rule, why.code, why.evidence, why.pointer) == ("A2", "scheme-not-in-force", None, "/scheme_id")
    assert scheme.name_zh in why.text


@pytest.mark.rule("A2")
async def test_a_report_without_a_scheme_is_refused_on_submission(handlers: ApplicationsHarness) -> None:
    await handlers.draft(report=report(scheme=None))

    refused = (await handlers.submit(KEY)).refusal

    assert [each.code for each in refused.reasons] == ["scheme-not-in-force"]
    assert (await handlers.application(KEY)).state is not State.SUBMITTED


@pytest.mark.rule("A2")
def test_a_wrong_answer_is_pointed_at_where_it_stands() -> None:
    complete = report()
    indicator, item = complete.indicators[0], complete.mandatory_items[0]
    wrong = report(
        indicators=(*complete.indicators[1:], replace(indicator, indicator="no_such_indicator")),
        mandatory_items=(*complete.mandatory_items[1:], MandatoryItemAnswer(item="no_such_item", passed=True)),
    )

    given = replace(application(), report=wrong)
    found = {
        each.pointer: each.code for each in completeness_problems(given, TODAY, RULES, scheme_of(STEEL), (DIGEST,))
    }

    assert (
        found.items()
        >= {
            f"/indicators/{indicator.indicator}": "answer-missing",
            "/indicators/no_such_indicator": "answer-unknown",
            f"/mandatory_items/{item.item}": "answer-missing",
            "/mandatory_items/no_such_item": "answer-unknown",
        }.items()
    )


@pytest.mark.rule("E4")
def test_facts_of_one_day_come_in_the_order_of_their_kinds_and_older_ones_before_them() -> None:
    def fact(number: int, kind: FactKind, day: date) -> Fact:
        return Fact(f"f-{number}", STEEL.uscc, kind, day, FactSource.OFFICER, "文件")

    tax, fraud = fact(1, FactKind.TAX_EVASION, date(2026, 1, 5)), fact(2, FactKind.FRAUD, date(2026, 1, 5))
    older = fact(3, FactKind.TAX_EVASION, date(2025, 1, 5))
    lookback = Lookback(TODAY, Interval(first=date(2023, 1, 1), last=TODAY), 12)

    for given in ((tax, fraud, older), (older, fraud, tax)):
        assert facts_against(given, lookback) == [older, fraud, tax]


@pytest.mark.rule("A3")
@pytest.mark.parametrize(
    ("name", "found", "code", "evidence"),
    [
        ("setup.EXE", None, "type-not-accepted", ".EXE"),
        ("执照", None, "type-not-accepted", None),
        ("执照.pdf", "image/png", "content-differs", "image/png"),
        ("执照.pdf", None, "content-differs", "无法识别"),
    ],
)
def test_the_refusal_of_a_file_shows_what_was_found(
    name: str, found: str | None, code: str, evidence: str | None
) -> None:
    (why,) = file_problems(name, 10, found, RULES)

    assert (why.code, why.evidence, why.pointer) == (code, evidence, "/file")


def year_of_finances(year: int) -> FinancialYear:
    return FinancialYear(**forms.finances(year))


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    ("founded", "years"), [(date(2010, 1, 1), "2023、2024、2025"), (date(2025, 3, 1), "2025"), (date(2026, 1, 1), "无")]
)
def test_the_years_that_a_form_should_tell_are_named(founded: date, years: str) -> None:
    information = replace(information_founded_on(founded), finances=(year_of_finances(2020),))

    (why,) = contradictions(information, 2026, RULES)

    assert (why.code, why.evidence) == ("years-wrong", "2020")
    assert why.text.endswith(f"：{years}")


def step(number: int, stage: str, detail: str | None = None) -> ProgressStep:
    return ProgressStep(number, stage, TODAY, detail)


@pytest.mark.rule("S2")
def test_what_an_applicant_sees_is_the_end_before_the_suspension_and_that_before_the_stage() -> None:
    opened = replace(application(), state=State.ACCEPTED).with_step(step(1, "opened"))
    suspended = opened.with_step(step(2, SUSPENDED, "内工信通〔2026〕3号"))

    assert (opened.stage, opened.suspended_by) == ("opened", None)
    assert (suspended.stage, suspended.suspended_by) == (SUSPENDED, "内工信通〔2026〕3号")
    ended = replace(suspended, outcome="withdrawn")
    assert (ended.stage, ended.suspended_by, ended.is_open) == ("closed", None, False)
    assert replace(opened, outcome="late").stage == "closed"
    assert replace(suspended, lost_on=TODAY).stage == "eligibility_lost"
    assert replace(suspended, listed_on=TODAY, lost_on=TODAY, outcome="x").stage == "listed"
    for state in (State.DRAFT, State.SUBMITTED, State.REFUSED, State.WITHDRAWN):
        assert replace(suspended, state=state).stage == state.value


@pytest.mark.rule("S2")
async def test_a_case_that_ended_while_suspended_is_shown_as_ended(in_review: ApplicationsHarness) -> None:
    for event in (OPENED, CASE_SUSPENDED):
        await in_review.handle(progress.follow_case, event, NOW)
    await in_review.handle(progress.follow_closing, CLOSED, NOW)

    found = await in_review.application(KEY)
    assert (found.stage, found.suspended_by) == ("closed", None)


async def put_state(state: State, store: Store, _now: datetime) -> list[Event]:
    """Store the one application in another state, without the acts that led there."""
    (found,) = await store.applications.find({})
    store.applications.save(found.application_id, replace(found, state=state))
    return []


@pytest.mark.rule("P2", "A3")
@pytest.mark.parametrize("state", list(State))
async def test_evidence_is_read_by_officers_of_the_prefecture_once_the_report_was_checked(
    applicant: ApiClient, officer: ApiClient, other_prefecture_officer: ApiClient, api: ApiHarness[Any], state: State
) -> None:
    key = await open_draft_with_report(applicant)
    assert (await applicant.post(f"{APPLICATIONS}/{key}/submit")).status_code == 200
    await api.perform(put_state, state)
    place = f"/v1/files/{sha256(PDF).hexdigest()}"

    checked = state in {State.SUBMITTED, State.ACCEPTED, State.WITHDRAWN}
    answers = [(await caller.get(place)).status_code for caller in (applicant, officer, other_prefecture_officer)]
    assert answers == [200, 200 if checked else 404, 404]
