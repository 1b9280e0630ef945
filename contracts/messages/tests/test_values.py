from decimal import Decimal

import pytest
from messages.entries import EnteredUscc
from messages.values import IndicatorValue, UncheckedCode, UnitRef, has_check_character
from pydantic import TypeAdapter, ValidationError

VALID = [
    "911501000000000191",
    "911502000000000271",
    "9115060000000006XX",
    "91152200000000107D",
    "91152500000000115P",
    "911529000000001237",
]


def unit(uscc: str, **more: str) -> UnitRef:
    return UnitRef.model_validate({"uscc": uscc, "name": "甲", "unit_type": "park", "prefecture": "150100", **more})


@pytest.mark.parametrize("code", VALID)
def test_a_code_with_its_check_character_is_accepted(code: str) -> None:
    assert unit(code).uscc == code


@pytest.mark.parametrize(
    "code", ["9115010000000001", "甲", "", "0115010000000001AB", "91150100000000019I", "9" * 100_000]
)
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(ValidationError, match="uscc"):
        unit(code)


@pytest.mark.parametrize("wrong", [None, 3, [1], {"a": 1}])
def test_what_is_no_text_is_no_code(wrong: object) -> None:
    with pytest.raises(ValidationError, match="uscc"):
        UnitRef.model_validate({"uscc": wrong, "name": "甲", "unit_type": "park", "prefecture": "150100"})


@pytest.mark.parametrize(
    "spelling",
    [
        "91150782000010452m",
        " 9115 0782 0000 1045 2M",
        "９１１５０７８２００００１０４５２Ｍ",
        "91150782-000010452\u200bM",
    ],
)
def test_a_code_is_one_in_any_spelling(spelling: str) -> None:
    assert unit(spelling).uscc == "91150782000010452M"
    assert unit(spelling).key == unit("91150782000010452M").key


def test_a_code_of_the_agricultural_department_is_valid() -> None:
    assert has_check_character(unit("N2150105MF0001234B").uscc)


def test_an_event_carries_a_code_whose_check_character_fails_and_a_body_marks_it() -> None:
    genuine = "911501000000000192"
    assert unit(genuine).uscc == genuine
    assert not has_check_character(genuine)
    entered = TypeAdapter(EnteredUscc)
    assert isinstance(entered.validate_python(genuine), UncheckedCode)
    assert not isinstance(entered.validate_python(VALID[0]), UncheckedCode)


def test_a_park_is_known_by_its_managing_body_and_first_name() -> None:
    assert unit(VALID[0]).key == VALID[0]
    assert unit(VALID[0], park_name="示例园区").key == f"{VALID[0]}/示例园区"


@pytest.mark.parametrize("name", [" 示例 Ａ 园区", "示例A园区\u3000", "示例A园区"])
def test_a_parks_name_is_the_same_however_wide_its_letters_and_wherever_its_blanks(name: str) -> None:
    assert unit(VALID[0], park_name=name).key == f"{VALID[0]}/示例a园区"
    assert unit(VALID[0], park_name=" ").key == VALID[0]


def test_numbers_stay_exact_on_the_wire() -> None:
    measured = IndicatorValue(indicator="energy", value=Decimal("0.1000"), unit="tce")

    assert measured.model_dump(mode="json") == {"indicator": "energy", "value": "0.1000", "unit": "tce"}
    assert IndicatorValue.model_validate_json(measured.model_dump_json()) == measured


@pytest.mark.parametrize("value", ["NaN", "Infinity", "twelve"])
def test_a_value_that_is_no_finite_number_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="value"):
        IndicatorValue.model_validate({"indicator": "energy", "value": value, "unit": "tce"})
