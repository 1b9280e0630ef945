import json
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import chinese_calendar
import pytest
from messages.errors import InvalidFileError
from rulebook import (
    add_working_days,
    calendar_from,
    is_working_day,
    known,
    load_calendar,
    national_calendar,
)

SCHEDULE_2027 = """
[[tables]]
kind = "schedule"
year = 2027
version = 1
notice = "invented for the test"
source = "test"
off = ["2026-12-31", "2027-01-01..2027-01-03"]
work = ["2027-01-10"]
"""
LOCAL_2026 = """
[[tables]]
kind = "local"
year = 2026
version = 1
area = "152900"
notice = "invented for the test"
source = "test"
off = ["2026-08-03"]
"""


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range(366) if (first + timedelta(days=n)).year == year]


def packaged() -> dict[str, str]:
    room = files("rulebook") / "data" / "calendars"
    return {f.name: f.read_text("utf-8") for f in room.iterdir()}


@pytest.mark.rule("T2")
@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 1, 4), True),
        (date(2026, 2, 14), True),
        (date(2026, 2, 23), False),
        (date(2026, 2, 24), True),
        (date(2026, 5, 9), True),
        (date(2026, 9, 20), True),
        (date(2026, 10, 7), False),
        (date(2026, 10, 10), True),
        (date(2026, 11, 21), False),
    ],
)
def test_the_yearly_schedule_decides_make_up_weekends_included(day: date, *, works: bool) -> None:
    assert is_working_day(day) is works


@pytest.mark.rule("T2")
def test_2026_has_248_working_days() -> None:
    assert sum(map(is_working_day, days_of(2026))) == 248


@pytest.mark.rule("T2")
@pytest.mark.parametrize("year", [2020, 2025, 2026])
def test_our_tables_agree_with_the_library_on_every_day(year: int) -> None:
    assert [day for day in days_of(year) if is_working_day(day) != chinese_calendar.is_workday(day)] == []


@pytest.mark.rule("T2")
def test_a_year_without_a_table_of_ours_is_answered_by_the_library() -> None:
    assert national_calendar().version(2018) == "2018.library"
    assert is_working_day(date(2018, 12, 29))
    assert not is_working_day(date(2018, 12, 31))


@pytest.mark.rule("T2")
def test_a_schedule_published_twice_counts_in_its_last_version() -> None:
    assert national_calendar().version(2020) == "2020.2"
    assert not is_working_day(date(2020, 1, 31))
    assert not is_working_day(date(2020, 2, 1))


@pytest.mark.rule("T2")
def test_a_file_extends_the_calendar_by_a_year(tmp_path: Path) -> None:
    extra = tmp_path / "2027.toml"
    extra.write_text(SCHEDULE_2027, "utf-8")
    calendar = load_calendar(extra)
    assert calendar.known(2027)
    assert calendar.is_working_day(date(2027, 1, 10))
    assert not calendar.is_working_day(date(2026, 12, 31))
    assert calendar.is_working_day(date(2026, 12, 30))


@pytest.mark.rule("T2")
def test_a_league_adds_days_to_the_national_schedule() -> None:
    calendar = calendar_from({**packaged(), "local": LOCAL_2026})
    there = calendar.local("152900")
    assert calendar.is_working_day(date(2026, 8, 3))
    assert not there.is_working_day(date(2026, 8, 3))
    assert there.is_working_day(date(2026, 2, 14))
    assert there.version(2026) == "2026.1+152900.1"
    assert calendar.local("150100").is_working_day(date(2026, 8, 3))


@pytest.mark.rule("T3")
def test_a_year_nobody_published_is_weekends_and_statutory_days() -> None:
    assert not known(2027)
    assert known(2026)
    off_on_weekdays = [day for day in days_of(2027) if day.weekday() < 5 and not is_working_day(day)]
    assert [str(day) for day in off_on_weekdays] == [
        "2027-01-01",
        "2027-02-05",
        "2027-02-08",
        "2027-04-05",
        "2027-06-09",
        "2027-09-15",
        "2027-10-01",
    ]
    assert not any(is_working_day(day) for day in days_of(2027) if day.weekday() >= 5)


@pytest.mark.rule("T3")
def test_a_year_beyond_every_table_still_has_the_fixed_statutory_days() -> None:
    off = [day for day in days_of(2041) if day.weekday() < 5 and not is_working_day(day)]
    assert [str(day) for day in off] == [
        "2041-01-01",
        "2041-05-01",
        "2041-05-02",
        "2041-10-01",
        "2041-10-02",
        "2041-10-03",
    ]


@pytest.mark.rule("T3")
def test_a_deadline_in_an_unpublished_year_is_provisional() -> None:
    deadline = add_working_days(date(2026, 11, 23), 30)
    assert deadline.last_day == date(2027, 1, 5)
    assert deadline.provisional
    assert deadline.calendar == ("2026.1", "2027.provisional")


@pytest.mark.rule("T3")
def test_a_deadline_counted_through_published_days_only_is_not_provisional() -> None:
    assert not add_working_days(date(2026, 12, 18), 5).provisional


@pytest.mark.rule("T3")
def test_the_last_days_of_december_wait_for_the_next_schedule_too() -> None:
    deadline = add_working_days(date(2026, 12, 24), 3)
    assert deadline.last_day == date(2026, 12, 29)
    assert deadline.provisional
    assert not add_working_days(date(2025, 12, 24), 3).provisional


@pytest.mark.rule("T3")
def test_one_unpublished_year_on_the_way_makes_a_deadline_provisional() -> None:
    later = SCHEDULE_2027.replace("2027", "2028").replace("2026", "2027")
    deadline = add_working_days(date(2027, 12, 20), 15, calendar_from({**packaged(), "2028": later}))
    assert deadline.calendar == ("2027.provisional", "2028.1")
    assert deadline.provisional


@pytest.mark.rule("T3")
def test_a_provisional_deadline_is_counted_anew_when_the_schedule_is_loaded() -> None:
    provisional = add_working_days(date(2026, 12, 24), 7)
    assert (provisional.last_day, provisional.provisional) == (date(2027, 1, 5), True)
    fresh = add_working_days(date(2026, 12, 24), 7, calendar_from({**packaged(), "2027": SCHEDULE_2027}))
    assert (fresh.last_day, fresh.provisional) == (date(2027, 1, 6), False)
    assert fresh.calendar == ("2026.1", "2027.1")


def test_faults_in_tables_are_named_all_at_once() -> None:
    documents = {
        "twice-a": SCHEDULE_2027,
        "twice-b": SCHEDULE_2027,
        "both": SCHEDULE_2027.replace('work = ["2027-01-10"]', 'work = ["2027-01-01"]'),
        "outside": SCHEDULE_2027.replace("2026-12-31", "2026-12-27"),
        "backwards": SCHEDULE_2027.replace("2027-01-01..2027-01-03", "2027-01-03..2027-01-01"),
        "nowhere": LOCAL_2026.replace('area = "152900"\n', ""),
        "empty": "",
    }
    with pytest.raises(InvalidFileError) as refused:
        calendar_from(documents)
    said = refused.value.problems
    for part in (
        "both off and at work: 2027-01-01",
        "not days of 2027: 2026-12-27",
        "2027-01-03..2027-01-01 ends before it begins",
        "local tables name an area, others do not",
        "empty: tables: Field required",
        "twice-b: version 1 of 2027 is also in twice-a",
    ):
        assert [problem for problem in said if part in problem], part
    assert len(said) == 6


@pytest.mark.rule("T3")
@pytest.mark.parametrize("field", ["off", "work"])
@pytest.mark.parametrize(
    ("day", "fits"),
    [("2026-12-27", False), ("2026-12-28", True), ("2027-12-31", True), ("2028-01-01", False), ("2029-06-01", False)],
)
def test_a_schedule_names_days_of_its_year_and_of_the_december_before_alone(
    field: str, day: str, *, fits: bool
) -> None:
    days: dict[str, list[str]] = {"off": [], "work": [], field: [day]}
    lines = [line for line in SCHEDULE_2027.splitlines() if not line.startswith(("off", "work"))]
    table = "\n".join([*lines, *(f"{name} = {json.dumps(found)}" for name, found in days.items())])

    if fits:
        assert calendar_from({"new": table}).is_working_day(date.fromisoformat(day)) is (field == "work")
        return
    with pytest.raises(InvalidFileError) as refused:
        calendar_from({"new": table})
    (problem,) = refused.value.problems
    assert f"not days of 2027: {day}" in problem
    assert problem in str(refused.value)
