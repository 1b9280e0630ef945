from datetime import date
from importlib.resources import files

import pytest
from messages.errors import InvalidFileError
from rulebook import (
    Scheme,
    SchemeNotFoundError,
    scheme_from,
    scheme_of,
    scheme_on,
    schemes_from,
)

A_DAY = date(2026, 5, 1)
ROOM = files("rulebook") / "data" / "schemes"
FACTORY = (ROOM / "factory-2025.toml").read_text("utf-8")
EVERY_SCHEME = schemes_from({each.name: each.read_text("utf-8") for each in ROOM.iterdir()}).all


def group_points(scheme: Scheme) -> dict[str, int]:
    return {group.id: int(group.points) for group in scheme.groups}


@pytest.mark.rule("A2")
def test_the_standard_changes_on_the_last_day_of_2025() -> None:
    assert scheme_on("factory", date(2025, 12, 30)).key == "factory-gbt36132@2018"
    assert scheme_on("factory", date(2025, 12, 31)).key == "factory-gbt36132@2025"


@pytest.mark.rule("A2")
def test_an_application_keeps_the_scheme_of_its_submission() -> None:
    kept = scheme_on("factory", date(2025, 12, 30))
    assert scheme_of(kept.id, kept.version) == kept
    with pytest.raises(SchemeNotFoundError, match="has the version 1999"):
        scheme_of(kept.id, "1999")


def test_a_day_or_type_without_a_scheme_is_named() -> None:
    with pytest.raises(SchemeNotFoundError, match="no scheme for factory was in force on 2001-01-01"):
        scheme_on("factory", date(2001, 1, 1))
    with pytest.raises(SchemeNotFoundError, match="no scheme for mine"):
        scheme_on("mine", A_DAY)


def test_factory_2025_holds_five_groups_and_fourteen_indicators() -> None:
    scheme = scheme_on("factory", A_DAY)
    assert group_points(scheme) == {
        "energy_low_carbon": 30,
        "resource_efficiency": 30,
        "clean_production": 16,
        "green_product": 16,
        "land_intensity": 8,
    }
    assert [int(i.points) for i in scheme.indicators] == [8, 8, 8, 6, 8, 8, 8, 6, 6, 4, 6, 8, 8, 8]
    assert len(scheme.mandatory_items) == 8


def test_factory_2018_holds_its_six_groups() -> None:
    points = group_points(scheme_on("factory", date(2024, 5, 1)))
    assert list(points.values()) == [20, 15, 15, 10, 10, 30]


def test_the_supply_chain_holds_twenty_indicators() -> None:
    scheme = scheme_on("supply_chain", A_DAY)
    assert list(group_points(scheme).values()) == [20, 20, 20, 20, 10, 10]
    assert len(scheme.indicators) == 20
    assert str(scheme.indicator("energy_saving_disclosure").points) == "2.5"


def test_the_park_has_six_groups_and_three_years_of_values() -> None:
    scheme = scheme_on("park", A_DAY)
    assert list(group_points(scheme)) == [
        "energy",
        "resource",
        "infrastructure",
        "industry",
        "environment",
        "operation",
    ]
    assert scheme.years_filed == 3


@pytest.mark.parametrize("scheme", EVERY_SCHEME, ids=lambda scheme: scheme.key)
def test_every_scheme_says_where_it_comes_from_and_can_break_ties(scheme: Scheme) -> None:
    assert "[" in scheme.source
    assert any(indicator.energy_or_carbon for indicator in scheme.indicators)
    assert scheme.mandatory_items


def test_faults_of_a_scheme_are_named_all_at_once() -> None:
    faulty = FACTORY.replace("points = 6\n", "points = 7\n", 1).replace('"carbon_intensity"', '"energy_intensity"')
    faulty = faulty.replace("leading = 90", "leading = 110").replace("id = ", "colour = 1\nid = ", 1)
    with pytest.raises(InvalidFileError) as refused:
        scheme_from("variant", faulty)
    assert refused.value.problems == ("variant: colour: Extra inputs are not permitted",)
    with pytest.raises(InvalidFileError) as refused:
        scheme_from("variant", faulty.replace("colour = 1\n", ""))
    for part in (
        "the id energy_intensity is used 2 times",
        "the indicators of energy_low_carbon hold 31 points, not 30",
        "raw_material_intensity has a leading value on the wrong side of its benchmark",
    ):
        assert part in refused.value.problems[0]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('group = "land_intensity"', 'group = "sea"', "land_output is in the unknown group sea"),
        ("benchmark = 100\nleading = 150\n", "", "land_output needs a benchmark and a leading value"),
        ("in_force_from = 2025-12-31", "in_force_from = 2025-12-31\nin_force_until = 2025-01-01", "it ends before"),
        ("points = 16", "points = 15", "the groups hold 98 points, not 100"),
    ],
)
def test_an_unsound_scheme_is_refused(old: str, new: str, fault: str) -> None:
    assert old in FACTORY
    with pytest.raises(InvalidFileError, match=fault):
        scheme_from("variant", FACTORY.replace(old, new))


def test_a_park_without_a_leading_value_is_refused() -> None:
    park = (ROOM / "park.toml").read_text("utf-8")
    with pytest.raises(InvalidFileError, match="energy_output_rate needs a leading value above 0"):
        scheme_from("variant", park.replace("leading = 3\n", "leading = 0\n", 1))


def test_two_schemes_in_force_at_once_are_refused() -> None:
    later = FACTORY.replace('version = "2025"', 'version = "2030"').replace("2025-12-31", "2030-01-01")
    with pytest.raises(InvalidFileError, match="both are in force for factory"):
        schemes_from({"a": FACTORY, "b": later})
    closed = FACTORY.replace("in_force_from = 2025-12-31", "in_force_from = 2025-12-31\nin_force_until = 2029-12-31")
    assert schemes_from({"a": closed, "b": later}).on("factory", date(2030, 1, 1)).version == "2030"
    with pytest.raises(InvalidFileError, match="both are factory-gbt36132@2025"):
        schemes_from({"a": closed, "b": later.replace('"2030"', '"2025"')})
