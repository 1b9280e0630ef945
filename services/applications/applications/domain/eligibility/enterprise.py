"""The conditions of Art. 12, for enterprises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from messages.spelling import code_form
from messages.values import Reason
from rulebook import last_years, reason

from applications.domain.eligibility.context import EligibilityContext
from applications.domain.facts import TEXTS, Fact, FactKind, FactSource, Lookback, facts_against, facts_beyond_record
from applications.domain.information import EnterpriseInformation
from applications.domain.report import BASES, SYSTEMS, Energy, EnergyBasis

MANUFACTURING = range(13, 44)
"""Divisions 13 to 43 of GB/T 4754-2017: section C, manufacturing."""
CODE_LENGTHS = range(2, 5)
"""A code of GB/T 4754 names a division, a group or a class."""

SOURCES = {
    FactSource.DECLARATION: "申报单位申明",
    FactSource.OFFICER: "主管部门记录",
    FactSource.AGENCY: "有关部门记录",
}


def e1_manufacturer(context: EligibilityContext) -> Reason | None:
    """An independent legal person engaged in manufacturing."""
    code = context.report.industry_code or ""
    independent = context.report.independent_legal_person is True
    if independent and is_manufacturing(code):
        return None
    text = "申报单位应为具有独立法人资格、从事实际生产的制造型企业"
    found = f"独立法人：{'是' if independent else '否'}；行业代码：{code or '未填'}"
    return reason("E1", "not-a-manufacturer", text, found, "/industry_code")


def is_manufacturing(code: str) -> bool:
    digits = code_form(code).removeprefix("C")
    known = digits.isascii() and digits.isdigit() and len(digits) in CODE_LENGTHS
    return known and int(digits[:2]) in MANUFACTURING


def e2_energy_efficiency(context: EligibilityContext) -> Reason | None:
    """The benchmark level of its industry or, where none is published, the advanced value or grade 1."""
    energy = context.report.energy
    if energy is None:
        return reason("E2", "energy-missing", "未填报能效水平", pointer="/energy_actual")
    if energy.benchmark_published and energy.basis is not EnergyBasis.BENCHMARK:
        text = f"本行业已发布能效标杆水平，不得以{BASES[energy.basis]}代替"
        return reason("E2", "benchmark-published", text, _energy_text(energy), "/energy_level")
    if not energy.benchmark_published and energy.basis is EnergyBasis.BENCHMARK:
        text = "本行业未发布能效标杆水平，应对照能耗限额标准先进值或1级水平"
        return reason("E2", "benchmark-not-published", text, _energy_text(energy), "/energy_level")
    if energy.actual > energy.limit:
        text = f"能效水平未达到{BASES[energy.basis]}"
        return reason("E2", "energy-efficiency-short", text, _energy_text(energy), "/energy_actual")
    return None


def _energy_text(energy: Energy) -> str:
    return f"实际值 {energy.actual}，{BASES[energy.basis]} {energy.limit}（{energy.unit}）"


def e3_management_systems(context: EligibilityContext) -> Iterator[Reason]:
    """Each of the four systems has a certificate in force on the day."""
    for system in context.rules.systems:
        held = [each for each in context.report.certificates if each.system == system]
        if any(each.holds_on(context.day) for each in held):
            continue
        found = "；".join(f"{each.number}：{each.valid_from}至{each.valid_until}" for each in held) or None
        state = "证书不在有效期内" if held else "未提供有效证书"
        text = f"{SYSTEMS.get(system, system)}{state}"
        code = "certificate-expired" if held else "certificate-missing"
        yield reason("E3", code, text, found, "/certificates")


def e4_no_fact_against_it(context: EligibilityContext) -> Iterator[Reason]:
    """None of the circumstances of Art. 12(5) in the last three years; each kind must be declared on."""
    yield from _check_declared_kinds(context)
    yield from _check_dates(context)
    recorded, day = context.facts, context.day
    declared = context.report.declared_facts(context.application.unit.uscc, day)
    against = [
        *facts_against(recorded, _lookback(context)),
        *facts_against(facts_beyond_record(declared, recorded, day), _lookback(context, _founding_day(context))),
    ]
    yield from map(_fact_reason, sorted(against, key=lambda fact: (fact.happened_on, fact.kind)))


def e4_on_record(context: EligibilityContext) -> tuple[Reason, ...]:
    """Return the facts that officers and agencies have recorded, without the unit's own declarations."""
    return tuple(_fact_reason(fact) for fact in facts_against(context.facts, _lookback(context)))


def _check_declared_kinds(context: EligibilityContext) -> Iterator[Reason]:
    declared = {each.kind for each in context.report.declarations}
    missing = [kind for kind in FactKind if kind not in declared]
    if missing:
        text = f"未就第十二条第（五）项的{len(missing)}种情形作出申明"
        found = "；".join(TEXTS[kind] for kind in missing)
        yield reason("E4", "declaration-missing", text, found, "/declarations")


def _check_dates(context: EligibilityContext) -> Iterator[Reason]:
    """Refuse impossible days: they would hide a declared fact."""
    if (founded := _founding_day(context)) is not None and founded > context.day:
        yield reason("C2", "founded-later", "成立时间晚于提交日期", founded.isoformat(), "/founded")
    for each in context.report.declarations:
        began = each.happened_on or context.day
        if each.occurred and (began > context.day or (each.ended_on or began) < began):
            found = f"{TEXTS[each.kind]}：{each.happened_on or '未填'}至{each.ended_on or '未填'}"
            yield reason("E4", "declaration-misdated", "申明的发生或结束日期不可能成立", found, "/declarations")


def _lookback(context: EligibilityContext, founded: date | None = None) -> Lookback:
    """Return the days whose facts count: since the founding only for the unit's own declarations.

    A fact recorded under its code has happened to it, whatever day of founding it declares (T7).
    """
    rules, day = context.rules.lookback, context.day
    since = founded if founded is not None and founded <= day else None
    return Lookback(day, last_years(day, rules.years, since), rules.shutdown_months)


def _founding_day(context: EligibilityContext) -> date | None:
    information = context.application.information
    return information.founded if isinstance(information, EnterpriseInformation) else None


def _fact_reason(fact: Fact) -> Reason:
    until = f"，{fact.ended_on}结束" if fact.ended_on else ""
    found = f"{fact.happened_on}{until}；{SOURCES[fact.source]}：{fact.reference}"
    return reason("E4", fact.kind.replace("_", "-"), f"近三年存在下列情形：{TEXTS[fact.kind]}", found, "/declarations")
