"""The basic-information table and the work plan of Annex 1, by unit type (C2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from messages.bounds import Amount, CalendarYear, CellText, Count, Day, Rows
from messages.values import Reason
from rulebook import RuleSet, reason


@dataclass(frozen=True)
class Product:
    """A main product of last year; energy in 万吨标煤, water in 万立方米."""

    name: CellText
    capacity: CellText
    output: CellText
    sales_rate: Amount
    market_share: Amount
    energy: Amount
    water: Amount


@dataclass(frozen=True)
class FinancialYear:
    """One year's figures; amounts in 万元."""

    year: CalendarYear
    assets: Amount
    debt_ratio: Amount
    revenue: Amount
    profit: Amount
    tax: Amount


@dataclass(frozen=True)
class EnterpriseInformation:
    name: CellText
    industry: CellText
    address: CellText
    nature: CellText
    uscc: CellText
    founded: Day
    representative: CellText
    representative_phone: CellText
    contact: CellText
    contact_phone: CellText
    contact_email: CellText
    products: Rows[Product]
    finances: Rows[FinancialYear]
    fax: CellText | None = None
    remarks: CellText | None = None


@dataclass(frozen=True)
class ParkInformation:
    name: CellText
    address: CellText
    park_level: CellText
    park_type: CellText
    head: CellText
    head_phone: CellText
    contact: CellText
    contact_phone: CellText
    contact_email: CellText
    leading_industry: CellText
    planned_area: Amount
    built_area: Amount
    enterprises: Count
    enterprises_above_size: Count
    energy_intensive_enterprises: Count
    energy_intensity_fall: Amount
    high_tech_share: Amount
    solid_waste_use: Amount
    waste_water: Amount
    fax: CellText | None = None
    remarks: CellText | None = None


Information: TypeAlias = EnterpriseInformation | ParkInformation


@dataclass(frozen=True)
class WorkPlan:
    """The seven chapters and the list of supporting files."""

    overview: CellText
    approach: CellText
    targets: CellText
    tasks: CellText
    schedule: CellText
    safeguards: CellText
    projects: CellText
    attachments: CellText | None = None


def contradictions(information: Information, batch_year: int, rules: RuleSet) -> list[Reason]:
    """Return the contradictions between cells that are each well formed."""
    if isinstance(information, EnterpriseInformation):
        return [*_check_finances(information, batch_year, rules), *_check_founding(information, batch_year)]
    return list(_check_park_counts(information))


def _check_finances(information: EnterpriseInformation, batch_year: int, rules: RuleSet) -> Iterator[Reason]:
    """The form asks for the last years, or for as many as the enterprise has existed."""
    first = max(batch_year - rules.application_forms.years_of_finances, information.founded.year)
    expected = list(range(first, batch_year))
    filed = sorted(each.year for each in information.finances)
    if filed != expected:
        wanted = "、".join(map(str, expected)) or "无"
        text = f"企业近三年经营情况应填写以下年度各一行：{wanted}"
        yield reason("C2", "years-wrong", text, "、".join(map(str, filed)), "/finances")


def _check_founding(information: EnterpriseInformation, batch_year: int) -> Iterator[Reason]:
    if information.founded.year > batch_year:
        yield reason("C2", "founded-later", "成立时间晚于申报年度", information.founded.isoformat(), "/founded")


def _check_park_counts(information: ParkInformation) -> Iterator[Reason]:
    if information.built_area > information.planned_area:
        evidence = f"{information.built_area} > {information.planned_area}"
        yield reason("C2", "area-exceeded", "园区已建成面积大于规划面积", evidence, "/built_area")
    parts = {
        "/enterprises_above_size": ("规模企业数", information.enterprises_above_size),
        "/energy_intensive_enterprises": ("高耗能企业数", information.energy_intensive_enterprises),
    }
    for pointer, (label, count) in parts.items():
        if count > information.enterprises:
            evidence = f"{count} > {information.enterprises}"
            yield reason("C2", "count-exceeded", f"{label}大于入园企业数", evidence, pointer)
