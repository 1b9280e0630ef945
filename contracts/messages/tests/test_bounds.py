"""Bounds of what is entered, and second conditions of values: the last that passes and the first that does not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from messages.bounds import FIRST_DAY, LAST_DAY, MAX_ROWS, Amount, CalendarYear, CellText, Count, Day, Rows
from messages.entries import (
    CheckedUscc,
    DocumentNumber,
    EnteredFile,
    EnteredIndicator,
    EnteredUnit,
    Line,
    Name,
    OneLine,
    OptionalParagraphs,
    Paragraphs,
)
from messages.values import AssessorRef, Ban, Evaluation, UnitRef, normalized_code, unit_key
from pydantic import TypeAdapter, ValidationError

CODE, FAILING = "911501000000000191", "911501000000000192"
DAY = timedelta(days=1)


def faults(kind: object, value: object) -> list[str]:
    try:
        TypeAdapter[Any](kind).validate_python(value)
    except ValidationError as problem:
        return [each["type"] for each in problem.errors()]
    return []


@pytest.mark.parametrize(
    ("kind", "longest"),
    [
        (Name, 200),
        (Line, 2000),
        (OneLine, 2000),
        (Paragraphs, 2000),
        (OptionalParagraphs, 2000),
        (DocumentNumber, 120),
        (CellText, 32_767),
    ],
)
def test_a_text_is_as_long_as_its_kind_allows_and_no_longer(kind: object, longest: int) -> None:
    assert faults(kind, "a" * longest) == []
    assert faults(kind, "a" * (longest + 1)) == ["string_too_long"]


@pytest.mark.parametrize(
    ("kind", "good", "wrong"),
    [
        (Count, [0, 2_000_000_000], [-1, 2_000_000_001]),
        (CalendarYear, [1900, 2200], [1899, 2201]),
        (Day, [FIRST_DAY, LAST_DAY], [FIRST_DAY - DAY, LAST_DAY + DAY]),
        (Amount, ["9999999999", "0." + "1" * 30], ["10000000000", "0." + "1" * 31, "NaN", "Infinity"]),
        (Rows[int], [[1] * MAX_ROWS], [[1] * (MAX_ROWS + 1)]),
    ],
)
def test_a_number_a_day_and_a_list_lie_within_their_bounds(kind: object, good: list[Any], wrong: list[Any]) -> None:
    assert [faults(kind, each) for each in good] == [[]] * len(good)
    assert [len(faults(kind, each)) for each in wrong] == [1] * len(wrong)


def test_the_names_within_a_unit_a_file_and_an_indicator_have_the_bounds_of_entry() -> None:
    unit = {"uscc": CODE, "name": "甲", "unit_type": "park", "prefecture": "150100"}
    file = {"name": "a", "sha256": "a" * 64, "size": 1, "media_type": "b"}
    value = {"indicator": "i", "value": "1"}

    assert faults(EnteredUnit, unit | {"name": "a" * 200, "park_name": "b" * 200}) == []
    assert faults(EnteredUnit, unit | {"name": "a" * 201}) == ["string_too_long"]
    assert faults(EnteredUnit, unit | {"park_name": "b" * 201}) == ["string_too_long"]
    assert faults(EnteredFile, file | {"name": "a" * 200, "media_type": "b" * 100}) == []
    assert faults(EnteredFile, file | {"name": "a" * 201}) == ["string_too_long"]
    assert faults(EnteredFile, file | {"size": 2**40}) == []
    assert faults(EnteredFile, file | {"size": 2**40 + 1}) == ["less_than_equal"]
    assert faults(EnteredFile, file | {"size": -1}) == ["greater_than_equal"]
    assert faults(EnteredIndicator, value | {"unit": "a" * 40}) == []
    assert faults(EnteredIndicator, value | {"unit": "a" * 41}) == ["string_too_long"]


@pytest.mark.rule("B1", "T5")
def test_a_ban_holds_from_its_first_to_its_last_day() -> None:
    ban = Ban(first_day=date(2026, 3, 1), last_day=date(2029, 3, 1))
    days = (ban.first_day - DAY, ban.first_day, ban.last_day, ban.last_day + DAY)

    assert [ban.holds_on(day) for day in days] == [False, True, True, False]


@pytest.mark.rule("E12")
@pytest.mark.parametrize("named", ["assessor", "lead_author", "reviewer"])
def test_an_own_evaluation_names_nobody(named: str) -> None:
    value = AssessorRef(uscc=CODE, name="甲") if named == "assessor" else "S1"

    assert faults(Evaluation, {"way": "self"}) == []
    assert faults(Evaluation, {"way": "self", named: value}) == ["own_evaluation"]
    assert faults(Evaluation, {"way": "assessor", named: value}) == []


def test_only_a_park_has_a_name_beside_that_of_its_body() -> None:
    unit = {"uscc": CODE, "name": "甲", "prefecture": "150100"}

    assert faults(UnitRef, unit | {"unit_type": "park", "park_name": "乙"}) == []
    for kind in ("factory", "supply_chain"):
        assert faults(UnitRef, unit | {"unit_type": kind}) == []
        assert faults(UnitRef, unit | {"unit_type": kind, "park_name": "乙"}) == ["park_name_of_no_park"]


def test_a_code_in_a_row_of_a_file_passes_its_check() -> None:
    assert faults(CheckedUscc, CODE) == []
    assert faults(CheckedUscc, FAILING) == ["uscc_invalid"]


def test_a_text_that_is_no_code_stays_as_it_is_and_one_too_long_is_not_looked_at() -> None:
    assert normalized_code("9115 0100 0000 0001 91") == CODE
    assert normalized_code(CODE.lower() + " " * 42) == CODE
    assert normalized_code(CODE + " " * 43) == CODE + " " * 43
    assert normalized_code("甲 乙") == "甲 乙"
    assert unit_key(f" {CODE}", "Ａ 园区") == f"{CODE}/a园区"
