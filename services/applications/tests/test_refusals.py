"""The code, rule and place of refusals (G3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from applications.domain.information import ParkInformation, contradictions
from applications.handlers import records
from applications.handlers.records import EndFact
from chassis.handling import Refusal

from . import builders_forms as forms
from .builders import NOW, RULES, TODAY
from .builders_events import abnormal_operations, prefecture_list
from .harness import ApplicationsHarness

DAY = timedelta(days=1)
NOT_OF_THE_TABLE = {*forms.COVER, *forms.PLAN}


def park_information(**changes: Any) -> ParkInformation:  # noqa: ANN401 - cells by name
    given = forms.park(**changes)
    return ParkInformation(**{name: value for name, value in given.items() if name not in NOT_OF_THE_TABLE})


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    ("changed", "code", "evidence", "pointer"),
    [
        ({"built_area": 41}, "area-exceeded", "41 > 40", "/built_area"),
        ({"enterprises_above_size": 121}, "count-exceeded", "121 > 120", "/enterprises_above_size"),
        ({"energy_intensive_enterprises": 121}, "count-exceeded", "121 > 120", "/energy_intensive_enterprises"),
    ],
)
def test_a_part_of_a_park_is_no_larger_than_the_park(
    changed: dict[str, Any], code: str, evidence: str, pointer: str
) -> None:
    (why,) = contradictions(park_information(**changed), 2026, RULES)

    assert (why.rule, why.code, why.evidence, why.pointer) == ("C2", code, evidence, pointer)


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    "changed", [{}, {"built_area": 40}, {"enterprises_above_size": 120}, {"energy_intensive_enterprises": 120}]
)
def test_a_part_may_be_the_whole_park(changed: dict[str, Any]) -> None:
    assert contradictions(park_information(**changed), 2026, RULES) == []


@pytest.mark.rule("E10")
async def test_a_list_is_recorded_from_the_day_of_its_publication_on(handlers: ApplicationsHarness) -> None:
    with pytest.raises(Refusal) as refused:
        await handlers.perform(
            records.record_prefecture_list, replace(prefecture_list(), published_on=TODAY + DAY), NOW
        )
    (why,) = refused.value.reasons
    assert (refused.value.code, refused.value.status) == ("list-malformed", 422)
    assert (why.rule, why.code, why.pointer) == ("E10", "not-published-yet", "/published_on")
    await handlers.perform(records.record_prefecture_list, replace(prefecture_list(), published_on=TODAY), NOW)


@pytest.mark.rule("E4")
async def test_a_fact_has_happened_and_ends_after_it_began(handlers: ApplicationsHarness) -> None:
    fact = replace(abnormal_operations(), happened_on=TODAY)

    async def refusal(command: object, handler: Any) -> tuple[str, int, str, str | None]:  # noqa: ANN401 - any handler
        with pytest.raises(Refusal) as refused:
            await handlers.perform(handler, command, NOW)
        (why,) = refused.value.reasons
        return refused.value.code, refused.value.status, why.code, why.pointer

    future, reversed_days = replace(fact, happened_on=TODAY + DAY), replace(fact, ended_on=TODAY - DAY)
    assert await refusal(future, records.record_fact) == ("fact-malformed", 422, "not-happened-yet", "/date")
    ends_first = ("fact-malformed", 422, "ends-before-it-began", "/ended")
    assert await refusal(reversed_days, records.record_fact) == ends_first
    await handlers.perform(records.record_fact, replace(fact, ended_on=TODAY), NOW)
    assert await refusal(EndFact(fact.fact_id, TODAY - DAY), records.end_fact) == ends_first
