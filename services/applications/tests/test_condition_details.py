"""The finding of a condition that is not met: every part of it, and where it stands (G3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from applications.domain import eligibility
from applications.domain.application import Justification
from applications.domain.facts import FactKind
from applications.domain.organisation_status import Removal
from applications.domain.report import Energy, EnergyBasis, ParkRank, ParkYear
from messages.values import Ban, Level, Reason

from .builders import (
    PARK,
    RULES,
    STEEL,
    TODAY,
    application,
    certificate,
    eligibility_context,
    park_facts,
    report,
    standing,
)
from .eligibility_checks import declarations, fact, information_founded_on, unmet


def of_report(**changes: Any) -> list[Reason]:  # noqa: ANN401 - fields by name
    return list(eligibility.unmet_conditions(eligibility_context(report=report(**changes))))


def of_park(**changes: Any) -> list[Reason]:  # noqa: ANN401 - fields by name
    given = eligibility_context(PARK, report=report(PARK, park=park_facts(**changes)))
    return list(eligibility.unmet_conditions(given))


@pytest.mark.rule("E1", "G3")
@pytest.mark.parametrize(
    ("changed", "evidence"),
    [
        ({"industry_code": "0610"}, "独立法人：是；行业代码：0610"),
        ({"industry_code": None}, "独立法人：是；行业代码：未填"),
        ({"independent_legal_person": False}, "独立法人：否；行业代码：3130"),
        ({"independent_legal_person": None}, "独立法人：否；行业代码：3130"),
    ],
)
def test_who_is_no_manufacturer_is_told_what_was_filed(changed: dict[str, Any], evidence: str) -> None:
    (why,) = of_report(**changed)
    assert (why.rule, why.evidence, why.pointer) == ("E1", evidence, "/industry_code")


@pytest.mark.rule("E1")
@pytest.mark.parametrize("code", ["1", "12", "44", "C1", "31300", "c3130x", "", "CC31"])
def test_what_is_no_division_group_or_class_of_manufacturing_is_none(code: str) -> None:
    assert [each.code for each in of_report(industry_code=code)] == ["not-a-manufacturer"]


@pytest.mark.rule("E2", "G3")
@pytest.mark.parametrize(
    ("published", "basis", "actual", "pointer"),
    [
        (True, EnergyBasis.ADVANCED, 90, "/energy_level"),
        (False, EnergyBasis.BENCHMARK, 90, "/energy_level"),
        (True, EnergyBasis.BENCHMARK, 101, "/energy_actual"),
    ],
)
def test_the_finding_of_energy_efficiency_names_value_limit_and_unit(
    published: bool,  # noqa: FBT001 - a column of the table
    basis: EnergyBasis,
    actual: int,
    pointer: str,
) -> None:
    (why,) = of_report(energy=Energy(basis, published, Decimal(actual), Decimal(100), "kgce/t"))
    assert why.evidence is not None
    assert why.evidence.startswith(f"实际值 {actual}，")
    assert why.evidence.endswith(" 100（kgce/t）")
    assert why.pointer == pointer


@pytest.mark.rule("E3", "G3")
def test_certificates_that_have_run_out_are_all_shown_and_one_in_force_is_enough() -> None:
    others = [certificate(system) for system in RULES.systems if system != "energy"]
    old, older = (certificate("energy", until=day) for day in (date(2026, 4, 19), date(2025, 12, 31)))

    (why,) = of_report(certificates=(*others, old, older))
    assert why.evidence == "CN-energy：2025-01-01至2026-04-19；CN-energy：2025-01-01至2025-12-31"
    assert "证书不在有效期内" in why.text
    assert of_report(certificates=(*others, old, certificate("energy"))) == []
    (missing,) = of_report(certificates=others)
    assert (missing.evidence, "未提供有效证书" in missing.text) == (None, True)
    not_yet = replace(certificate("energy"), valid_from=date(2026, 4, 21))
    assert [each.code for each in of_report(certificates=(*others, not_yet))] == ["certificate-expired"]


@pytest.mark.rule("E4", "G3")
@pytest.mark.parametrize(
    ("happened_on", "ended_on", "shown"),
    [
        (date(2026, 4, 21), None, "2026-04-21至未填"),
        (date(2025, 5, 1), date(2025, 4, 30), "2025-05-01至2025-04-30"),
        (None, date(2026, 4, 1), "未填至2026-04-01"),
    ],
)
def test_a_declaration_with_impossible_days_is_shown_with_them(
    happened_on: date | None, ended_on: date | None, shown: str
) -> None:
    found = of_report(declarations=declarations(FactKind.ABNORMAL_OPERATIONS, happened_on, ended_on))
    (why,) = [each for each in found if each.code == "declaration-misdated"]
    assert why.evidence == f"被市场监督管理部门列入经营异常名单且未被移出：{shown}"


@pytest.mark.rule("E4")
def test_a_fact_that_has_not_occurred_has_no_days_to_be_wrong() -> None:
    given = declarations(FactKind.FRAUD, date(2026, 4, 21))
    denied = tuple(replace(each, occurred=False) for each in given)

    assert of_report(declarations=denied) == []
    began_and_ended = declarations(FactKind.TAX_EVASION, TODAY, TODAY)
    assert [each.code for each in of_report(declarations=began_and_ended)] == ["tax-evasion"]


@pytest.mark.rule("E4", "G3")
def test_kinds_that_nobody_declared_on_are_named_and_facts_with_their_source_and_end() -> None:
    (missing,) = of_report(declarations=report().declarations[2:])
    assert (missing.code, missing.evidence) == ("declaration-missing", "工商注销；连续停产12个月以上")
    assert "2种" in missing.text

    recorded = fact(FactKind.DISHONESTY_LIST, date(2024, 1, 1), date(2025, 1, 1))
    (known,) = eligibility.unmet_conditions(eligibility_context(facts=(recorded,)))
    assert known.evidence == "2024-01-01，2025-01-01结束；有关部门记录：信用中国（内蒙古）"
    (lasting,) = eligibility.unmet_conditions(eligibility_context(facts=(replace(recorded, ended_on=None),)))
    assert lasting.evidence == "2024-01-01；有关部门记录：信用中国（内蒙古）"


@pytest.mark.rule("E4")
def test_recorded_and_declared_facts_come_in_one_order_of_days() -> None:
    recorded = fact(FactKind.FRAUD, date(2025, 6, 1))
    declared = declarations(FactKind.TAX_EVASION, date(2025, 1, 1))
    given = eligibility_context(report=report(declarations=declared), facts=(recorded,))

    assert unmet(given) == [("E4", "tax-evasion"), ("E4", "fraud")]


@pytest.mark.rule("E4", "T7")
def test_a_unit_founded_today_may_apply_and_its_own_past_does_not_count() -> None:
    young = replace(application(), information=information_founded_on(TODAY))

    assert unmet(eligibility_context(application=young)) == []


@pytest.mark.rule("E10")
@pytest.mark.parametrize(("text", "passes"), [("新投产，能效国内领先", True), (" ", False), ("", False)])
def test_a_justification_has_words(text: str, passes: bool) -> None:  # noqa: FBT001 - a column of the table
    justified = replace(application(), justification=Justification(text, "officer-1", Level.REGION))
    given = eligibility_context(application=justified, standing=standing(listings=()))

    assert unmet(given) == ([] if passes else [("E10", "not-on-lower-list")])


@pytest.mark.rule("E10", "G1")
def test_under_the_other_reading_nobody_needs_the_lower_list() -> None:
    readings = RULES.readings.model_copy(update={"not_on_lower_list_needs_justification": False})
    otherwise = RULES.model_copy(update={"readings": readings})

    assert unmet(eligibility_context(standing=standing(listings=()), rules=otherwise)) == []


@pytest.mark.rule("E11", "G3")
def test_a_ban_is_shown_with_its_days() -> None:
    ban = Ban(first_day=date(2024, 5, 1), last_day=date(2027, 5, 1))
    barred = standing(removals=(Removal(STEEL.key, (Level.REGION,), 1, "内工信示字〔2024〕2号", ban),))

    (why,) = eligibility.unmet_conditions(eligibility_context(standing=barred))
    assert (why.evidence, why.pointer) == ("2024-05-01至2027-05-01", "/unit")


@pytest.mark.rule("E5", "G3")
def test_every_condition_that_a_park_misses_is_named_and_no_other() -> None:
    (one,) = of_park(value_added_share=Decimal(50))
    assert (one.text, one.evidence) == ("工业增加值占比未超过50%", "工业增加值占比：50%")
    (two,) = of_park(legal_boundary=False, main_function=None)
    assert two.text == "无法定边界和范围；不以产品制造和能源供给为主要功能"
    (share,) = of_park(value_added_share=None)
    assert share.evidence == "工业增加值占比：未填"
    for rank in ParkRank:
        assert bool(of_park(rank=rank)) is (rank is ParkRank.OTHER)


@pytest.mark.rule("E6", "E8", "G3")
def test_the_years_of_a_park_are_shown_in_their_order_whatever_the_order_they_were_filed_in() -> None:
    good = park_facts().years
    assert of_park(years=tuple(reversed(good))) == []
    flat = tuple(replace(each, carbon_intensity=Decimal("2.0")) for each in reversed(good))
    (why,) = of_park(years=flat)
    assert (why.code, why.evidence) == ("carbon-intensity-not-falling", "2023年 2.0、2024年 2.0、2025年 2.0")
    gap = (*good[:2], ParkYear(2025, None, Decimal(15)))
    assert [each.evidence for each in of_park(years=gap)] == ["2023年 2.1、2024年 2.0、2025年 未填"]
    none_at_all = of_park(years=())
    assert [(each.code, each.evidence) for each in none_at_all][:2] == [
        ("years-wrong", None),
        ("carbon-intensity-not-falling", "未填"),
    ]


@pytest.mark.rule("E8", "G3")
def test_an_audit_that_is_short_is_shown_with_both_numbers() -> None:
    (short,) = of_park(key_enterprises_audited=999)
    assert short.evidence == "已审核：999/1000家；自愿性比例：2023年 10、2024年 12、2025年 15"
    assert short.text == "重点企业实施强制性清洁生产审核未达100%"
    for name in ("key_enterprises", "key_enterprises_audited"):
        (unknown,) = of_park(**{name: None})
        assert (unknown.evidence or "").startswith("已审核：未填；")
    (more,) = of_park(key_enterprises=10, key_enterprises_audited=11)
    assert more.text == "已实施强制性清洁生产审核的家数多于重点企业数"


@pytest.mark.rule("E9", "G3")
@pytest.mark.parametrize(("staff", "shown"), [(1, "专职工作人员：1"), (None, "专职工作人员：0")])
def test_a_body_without_two_people_is_shown_with_those_it_has(staff: int | None, shown: str) -> None:
    (why,) = of_park(green_staff=staff)
    assert (why.rule, why.evidence, why.pointer) == ("E9", shown, "/green_staff")
    assert "2名" in why.text
