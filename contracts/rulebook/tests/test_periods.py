from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import (
    Interval,
    add_working_days,
    is_working_day,
    last_years,
    shanghai_date,
    term_of_years,
    three_years_from,
    yearly_deadline,
)

ONE_DAY = timedelta(days=1)

days = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@pytest.mark.rule("T1")
def test_a_legal_date_begins_at_16_hours_utc_of_the_day_before() -> None:
    assert shanghai_date(datetime(2026, 5, 31, 15, 59, 59, tzinfo=UTC)) == date(2026, 5, 31)
    assert shanghai_date(datetime(2026, 5, 31, 16, 0, tzinfo=UTC)) == date(2026, 6, 1)


@pytest.mark.rule("T1")
def test_an_instant_of_any_zone_has_one_legal_date() -> None:
    new_york = timezone(timedelta(hours=-4))
    assert shanghai_date(datetime(2026, 5, 31, 12, 0, tzinfo=new_york)) == date(2026, 6, 1)


@pytest.mark.rule("T1")
def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="names no time zone"):
        shanghai_date(datetime(2026, 5, 31, 12, 0))  # noqa: DTZ001 -- this is what the test refuses


@pytest.mark.rule("T1")
@given(days)
def test_every_instant_from_start_to_end_of_a_day_has_that_date(day: date) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
    end = start + ONE_DAY
    assert shanghai_date(start) == shanghai_date(end - timedelta(microseconds=1)) == day
    assert shanghai_date(end) == day + ONE_DAY


@pytest.mark.rule("T4")
@pytest.mark.parametrize(
    ("start", "n", "last_day"),
    [
        ("2026-09-18", 5, "2026-09-24"),
        ("2026-09-24", 5, "2026-10-09"),
        ("2026-09-28", 5, "2026-10-10"),
        ("2026-09-30", 5, "2026-10-13"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-04-30", 5, "2026-05-11"),
        ("2026-06-18", 5, "2026-06-26"),
        ("2026-01-12", 30, "2026-02-28"),
        ("2026-04-01", 30, "2026-05-18"),
        ("2026-08-20", 30, "2026-10-08"),
    ],
)
def test_the_nth_working_day_after_the_first_is_the_last(start: str, n: int, last_day: str) -> None:
    deadline = add_working_days(date.fromisoformat(start), n)
    assert deadline.last_day == date.fromisoformat(last_day)
    assert not deadline.provisional


@pytest.mark.rule("T4")
def test_a_deadline_ends_at_24_hours_in_shanghai() -> None:
    deadline = add_working_days(date(2026, 9, 18), 5)
    midnight = datetime(2026, 9, 24, 16, 0, tzinfo=UTC)
    assert not deadline.missed_on(shanghai_date(midnight - timedelta(microseconds=1)))
    assert deadline.missed_on(shanghai_date(midnight))


@pytest.mark.rule("T4")
def test_a_term_of_no_working_days_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one working day"):
        add_working_days(date(2026, 9, 18), 0)


@pytest.mark.rule("T4")
@given(days, st.integers(1, 60))
def test_a_term_holds_exactly_its_working_days_and_ends_on_one(start: date, n: int) -> None:
    last_day = add_working_days(start, n).last_day
    assert sum(is_working_day(start + ONE_DAY * each) for each in range(1, (last_day - start).days + 1)) == n
    assert is_working_day(last_day)


@pytest.mark.rule("T5")
@pytest.mark.parametrize(
    ("start", "last_day"),
    [
        ("2026-03-10", "2029-03-10"),
        ("2024-02-29", "2027-02-28"),
        ("2025-02-28", "2028-02-28"),
        ("2025-03-01", "2028-03-01"),
        ("2026-12-31", "2029-12-31"),
    ],
)
def test_three_years_end_on_the_same_month_and_day(start: str, last_day: str) -> None:
    assert three_years_from(date.fromisoformat(start)) == date.fromisoformat(last_day)


@pytest.mark.rule("T5")
def test_the_29th_of_february_stays_where_the_last_year_has_one() -> None:
    assert three_years_from(date(2024, 2, 29), years=4) == date(2028, 2, 29)


@pytest.mark.rule("T5")
@given(days)
def test_a_ban_runs_from_its_day_to_its_last_and_the_next_day_is_free(day: date) -> None:
    ban = term_of_years(day)
    assert day in ban
    assert three_years_from(day) in ban
    assert three_years_from(day) + ONE_DAY not in ban


@pytest.mark.rule("T6")
def test_before_31_may_includes_that_day_until_24_hours() -> None:
    deadline = yearly_deadline(2026, (5, 31))
    midnight = datetime(2026, 5, 31, 16, 0, tzinfo=UTC)
    assert not deadline.missed_on(shanghai_date(midnight - timedelta(microseconds=1)))
    assert deadline.missed_on(shanghai_date(midnight))


@pytest.mark.rule("T6")
def test_a_fixed_date_is_not_moved_when_it_falls_on_a_sunday() -> None:
    assert date(2026, 5, 31).isoweekday() == 7
    assert yearly_deadline(2026, (5, 31)).last_day == date(2026, 5, 31)


@pytest.mark.rule("T6")
def test_under_the_other_reading_it_moves_to_the_next_working_day() -> None:
    assert yearly_deadline(2026, (5, 31), moves=True).last_day == date(2026, 6, 1)
    assert yearly_deadline(2026, (4, 15), moves=True).last_day == date(2026, 4, 15)


@pytest.mark.rule("T3")
def test_a_moved_date_of_an_unpublished_year_is_provisional_and_an_unmoved_one_is_not() -> None:
    assert yearly_deadline(2028, (4, 30), moves=True).provisional
    assert not yearly_deadline(2028, (4, 30)).provisional


@pytest.mark.rule("T7")
def test_the_last_three_years_hold_both_ends() -> None:
    window = last_years(date(2026, 5, 31), 3)
    assert window == Interval(first=date(2023, 5, 31), last=date(2026, 5, 31))
    assert date(2023, 5, 31) in window
    assert date(2023, 5, 30) not in window
    assert date(2026, 5, 31) in window
    assert date(2026, 6, 1) not in window


@pytest.mark.rule("T7")
def test_a_later_founding_shortens_the_window_and_an_earlier_one_does_not() -> None:
    assert last_years(date(2026, 5, 31), 3, date(2025, 1, 8)).first == date(2025, 1, 8)
    assert last_years(date(2026, 5, 31), 3, date(2001, 1, 8)).first == date(2023, 5, 31)


@pytest.mark.rule("T7")
def test_three_years_before_the_29th_of_february_is_the_28th() -> None:
    assert last_years(date(2028, 2, 29), 3).first == date(2025, 2, 28)


@pytest.mark.rule("T7")
def test_an_organisation_not_yet_founded_has_no_last_years() -> None:
    with pytest.raises(ValueError, match="lies before"):
        last_years(date(2026, 5, 31), 3, date(2026, 6, 1))


def test_intervals_overlap_when_they_share_a_day() -> None:
    may = Interval(first=date(2026, 5, 1), last=date(2026, 5, 31))
    assert may.overlaps(Interval(first=date(2026, 5, 31), last=date(2026, 6, 30)))
    assert not may.overlaps(Interval(first=date(2026, 6, 1), last=date(2026, 6, 30)))
