from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from messages.values import Ban, UncheckedCode
from rulebook import day_problems, rule_sets_from, rules_on, unchecked_codes
from rulebook.documents import read_documents

NOW = datetime(2026, 5, 1, 2, tzinfo=UTC)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)
FIRST, LAST = date(1900, 1, 1), date(2036, 5, 1)


@dataclass(frozen=True)
class Row:
    since: date | None
    uscc: str = ""


@dataclass(frozen=True)
class Command:
    decided_on: date
    rows: tuple[Row, ...] = ()
    named: dict[str, Row] | None = None
    ban: Ban | None = None
    at: datetime = END_OF_TIME
    """An instant is no day that somebody entered."""


def far(command: object) -> list[tuple[str | None, str | None]]:
    return [(each.pointer, each.evidence) for each in day_problems(command, NOW)]


@pytest.mark.rule("T1")
@pytest.mark.parametrize("day", [FIRST, LAST, date(2026, 5, 1)])
def test_a_day_within_the_bounds_is_taken(day: date) -> None:
    assert far(Command(day)) == []


@pytest.mark.rule("T1")
@pytest.mark.parametrize("day", [date(1899, 12, 31), date(2036, 5, 2), date.min, date.max])
def test_a_day_beyond_the_bounds_is_named_with_the_bounds(day: date) -> None:
    (reason,) = day_problems(Command(day), NOW)
    assert (reason.rule, reason.code, reason.pointer) == ("T1", "day-out-of-bounds", "/decided_on")
    assert (str(FIRST) in reason.text, str(LAST) in reason.text) == (True, True)


@pytest.mark.rule("T1")
def test_every_day_is_found_however_deep_it_stands_and_all_are_named() -> None:
    ban = Ban(first_day=date(2026, 1, 1), last_day=date(3026, 1, 1))
    command = Command(LAST, (Row(None), Row(date(1066, 1, 1))), {"a": Row(date(2062, 1, 1))}, ban)

    assert far(command) == [
        ("/rows/1/since", "1066-01-01"),
        ("/named/a/since", "2062-01-01"),
        ("/ban/last_day", "3026-01-01"),
    ]


@pytest.mark.rule("G1")
def test_the_bounds_are_of_the_rule_set() -> None:
    assert (rules_on(NOW.date()).entry.earliest_day, rules_on(NOW.date()).entry.years_ahead) == (FIRST, 10)
    assert rules_on(NOW.date()).notice.max_working_days == 30
    assert rule_sets_from(read_documents("rulesets", None)).all
    assert far_before_any_rule_set() == ()


def far_before_any_rule_set() -> object:
    return day_problems(Command(date.max), datetime(2000, 1, 1, tzinfo=UTC))


def test_codes_that_fail_their_check_are_found_where_they_stand() -> None:
    failing = UncheckedCode("911501000000000192")
    command = Command(LAST, (Row(None, "911501000000000191"), Row(None, failing)))
    assert dict(unchecked_codes(command)) == {("rows", 1, "uscc"): "911501000000000192"}
