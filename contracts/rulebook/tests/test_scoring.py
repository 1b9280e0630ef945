from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import (
    Indicator,
    Scheme,
    ScoreError,
    panel_mandatory_items,
    panel_values,
    problems,
    scheme_on,
    score,
)
from rulebook.schemes.model import PanelRule

A_DAY = date(2026, 5, 1)
FACTORY, PARK, CHAIN = (scheme_on(kind, A_DAY) for kind in ("factory", "park", "supply_chain"))
FACTORY_2018 = scheme_on("factory", date(2024, 5, 1))
ALL_FOUR = [FACTORY, FACTORY_2018, PARK, CHAIN]


def best(scheme: Scheme, indicator: Indicator) -> Decimal:
    if scheme.scoring in {"linear", "share_of_leading"}:
        assert indicator.leading is not None
        return indicator.leading
    return scheme.range_of(indicator)[1]


def best_values(scheme: Scheme) -> dict[str, Decimal]:
    return {i.id: best(scheme, i) for i in scheme.indicators}


def all_met(scheme: Scheme) -> dict[str, bool]:
    return {item.id: True for item in scheme.mandatory_items}


@pytest.mark.parametrize("scheme", ALL_FOUR, ids=lambda scheme: scheme.key)
def test_the_best_values_score_exactly_100(scheme: Scheme) -> None:
    result = score(scheme, best_values(scheme), all_met(scheme))
    assert result.total == 100
    assert result.by_group == {group.id: group.points for group in scheme.groups}
    assert result.failed_mandatory_items == ()


def test_linear_scores_nothing_at_the_benchmark_and_all_at_the_leading_value() -> None:
    at = {value: factory_points("energy_intensity", value) for value in ("100", "95", "90", "80")}
    assert at == {"100": Decimal(0), "95": Decimal(2), "90": Decimal(4), "80": Decimal(8)}


def test_linear_runs_in_the_indicators_direction_and_stops_at_both_ends() -> None:
    assert factory_points("water_reuse_rate", "77.5") == 4
    assert factory_points("water_reuse_rate", "10") == 0
    assert factory_points("water_reuse_rate", "100") == 8
    assert factory_points("energy_intensity", "130") == 0
    assert factory_points("energy_intensity", "40") == 8


def factory_points(indicator: str, value: str) -> Decimal:
    values = best_values(FACTORY) | {indicator: Decimal(value)}
    return score(FACTORY, values, all_met(FACTORY)).by_indicator[indicator]


def test_a_park_is_scored_by_its_share_of_the_leading_value() -> None:
    values = best_values(PARK) | {
        "energy_output_rate": Decimal("1.5"),
        "water_output_rate": Decimal(9000),
        "waste_water_per_value_added": Decimal(20),
        "pollutant_elasticity": Decimal(0),
    }
    points = score(PARK, values, all_met(PARK)).by_indicator
    assert points["energy_output_rate"] == 3
    assert points["water_output_rate"] == 2
    assert points["waste_water_per_value_added"] == Decimal("0.5")
    assert points["pollutant_elasticity"] == 2


def test_graded_points_are_taken_as_given() -> None:
    result = score(CHAIN, best_values(CHAIN) | {"strategy_in_plan": Decimal("5.5")}, all_met(CHAIN))
    assert result.by_group["strategy"] == Decimal("17.5")
    assert result.total == Decimal("97.5")


def test_achieved_shares_are_weighed_by_points() -> None:
    result = score(FACTORY_2018, best_values(FACTORY_2018) | {"buildings": Decimal(75)}, all_met(FACTORY_2018))
    assert result.by_indicator["buildings"] == 6
    assert result.total == 98


@pytest.mark.rule("V8")
def test_the_energy_and_carbon_score_is_the_sum_of_those_indicators() -> None:
    assert score(FACTORY, best_values(FACTORY), all_met(FACTORY)).energy_carbon == 38


@pytest.mark.rule("V6")
def test_requirements_not_met_are_named_and_change_no_points() -> None:
    mandatory_items = all_met(FACTORY) | {"permitted_emissions": False, "registered_manufacturer": False}
    result = score(FACTORY, best_values(FACTORY), mandatory_items)
    assert result.failed_mandatory_items == ("registered_manufacturer", "permitted_emissions")
    assert result.total == 100


@pytest.mark.rule("V6")
def test_everything_missing_unknown_or_out_of_range_is_named_at_once() -> None:
    values = best_values(FACTORY) | {
        "renewables_share": Decimal("100.1"),
        "land_output": Decimal(-1),
        "carbon_intensity": Decimal("NaN"),
        "charm": Decimal(1),
    }
    del values["energy_intensity"]
    mandatory_items = all_met(FACTORY) | {"luck": True}
    del mandatory_items["permitted_emissions"]
    found = [
        "energy_intensity: missing",
        "permitted_emissions: missing",
        "charm: unknown",
        "luck: unknown",
        "carbon_intensity: NaN is no number",
        "renewables_share: 100.1 is above 100",
        "land_output: -1 is below 0",
    ]
    assert problems(FACTORY, values, mandatory_items) == found
    with pytest.raises(ScoreError) as refused:
        score(FACTORY, values, mandatory_items)
    assert list(refused.value.problems) == found


@pytest.mark.rule("V6")
def test_graded_points_beyond_the_indicators_own_are_refused() -> None:
    assert problems(CHAIN, best_values(CHAIN) | {"platform": Decimal("10.5")}, all_met(CHAIN)) == [
        "platform: 10.5 is above 10"
    ]


@given(st.data())
def test_no_values_score_below_0_or_above_100_and_sums_agree(data: st.DataObject) -> None:
    scheme = data.draw(st.sampled_from(ALL_FOUR))
    values = {i.id: data.draw(st.decimals(*scheme.range_of(i), places=3)) for i in scheme.indicators}
    result = score(scheme, values, all_met(scheme))
    assert 0 <= result.total <= 100
    assert result.total == sum(result.by_group.values()) == sum(result.by_indicator.values())
    assert result.by_indicator.keys() == {i.id for i in scheme.indicators}
    assert all(0 <= result.by_indicator[i.id] <= i.points for i in scheme.indicators)


@given(st.sampled_from(FACTORY.indicators), st.decimals(0, 200, places=2), st.decimals(0, 200, places=2))
def test_a_better_value_never_scores_less(indicator: Indicator, one: Decimal, other: Decimal) -> None:
    top = FACTORY.range_of(indicator)[1]
    worse, better = sorted((min(one, top), min(other, top)), reverse=indicator.direction == "lower")
    assert factory_points(indicator.id, str(worse)) <= factory_points(indicator.id, str(better))


def with_rule(rule: PanelRule) -> Scheme:
    return FACTORY.model_copy(update={"panel_rule": rule})


def combined(scheme: Scheme, given: list[Decimal]) -> Decimal:
    """One value from those of a panel's experts, to two decimals."""
    (indicator, *_) = scheme.indicators
    sheets = [best_values(scheme) | {indicator.id: value} for value in given]
    return panel_values(scheme, sheets)[indicator.id].quantize(Decimal("0.01"))


@pytest.mark.rule("V6")
@pytest.mark.parametrize(("rule", "total"), [("mean", "78.40"), ("median", "80.00"), ("trimmed_mean", "79.33")])
def test_the_panels_value_follows_the_schemes_rule(rule: PanelRule, total: str) -> None:
    totals = [Decimal(t) for t in (90, 64, 80, 82, 76)]
    assert combined(with_rule(rule), totals) == Decimal(total)


@pytest.mark.rule("V6")
def test_three_experts_are_too_few_to_trim() -> None:
    totals = [Decimal(t) for t in (60, 70, 95)]
    assert combined(with_rule("trimmed_mean"), totals) == 75


@pytest.mark.rule("V6")
def test_the_panels_values_can_be_scored_themselves() -> None:
    low, high = best_values(FACTORY) | {"land_output": Decimal(100)}, best_values(FACTORY)
    values = panel_values(FACTORY, [low, high, high])
    assert values["land_output"] == Decimal("133.333333")
    assert score(FACTORY, values, all_met(FACTORY)).by_indicator["land_output"] == Decimal("5.33")


@pytest.mark.rule("V6")
def test_a_requirement_is_met_when_most_of_the_panel_finds_so() -> None:
    doubtful = all_met(FACTORY) | {"permitted_emissions": False}
    assert panel_mandatory_items(FACTORY, [doubtful, all_met(FACTORY), all_met(FACTORY)])["permitted_emissions"]
    assert not panel_mandatory_items(FACTORY, [doubtful, doubtful, all_met(FACTORY)])["permitted_emissions"]


def test_a_panel_that_has_not_scored_has_no_values() -> None:
    with pytest.raises(ValueError, match="no expert has scored"):
        panel_values(FACTORY, [])
