"""Annex 1 work plans filled in: the enterprise form and the park form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from random import Random

from applications.workbooks import annex1
from applications.workbooks.layout import Form
from messages.values import Prefecture, UnitType
from rulebook.regions import PREFECTURES

from deploy.demo.personas import YEAR, Applicant
from deploy.demo.samples import report
from deploy.demo.samples.numbers import CENT, luck

Values = dict[str, object]

COVER_DAY = "二〇二六年三月二日"

_OF_AN_ENTERPRISE = {
    "overview": "{name}位于{area}，主要从事{trade}，能源、环境、质量和职业健康安全管理体系运行有效。",
    "approach": "以节能降碳、资源循环和清洁生产为主线，对照绿色评价标准逐项补齐短板。",
    "targets": "到{year}年底，单位产品能耗较上年下降3%，用水重复利用率提高2个百分点，固废综合利用率保持先进。",
    "tasks": "一是实施余热回收和电机能效提升；二是建设能碳管理平台；三是开展产品碳足迹核算；四是完善绿色采购。",
    "schedule": "第一季度完成诊断，第二、三季度组织实施，第四季度总结评估。",
    "safeguards": "成立由主要负责人牵头的领导小组，落实专项资金，纳入年度考核。",
    "projects": "1．余热余压利用改造；2．中水回用扩建；3．屋顶光伏；4．能碳管理平台。",
}
_OF_A_PARK = {
    "overview": "{name}位于{area}，以{trade}为主导产业，管理机构、法定边界和基础设施健全，近三年未发生重大事故。",
    "approach": "以产业绿色化、能源清洁化和资源循环化为主线，统筹规划、项目准入和公共设施建设，带动区内企业共同提升。",
    "targets": "到{year}年底，万元工业增加值能耗较上年下降3%，工业固体废物综合利用率提高2个百分点，新培育绿色工厂3家。",
    "tasks": "一是实施集中供热和余热梯级利用；二是扩建中水回用管网；三是建设能碳管理平台；四是推进企业清洁生产审核。",
    "schedule": "第一季度完成园区诊断和方案编制，第二、三季度组织实施，第四季度总结评估。",
    "safeguards": "由园区管理委员会主要负责人牵头，明确专门机构和专职人员，设立绿色发展专项资金，按季调度。",
    "projects": "1．集中供热管网改造；2．园区中水回用工程；3．固体废物综合利用项目；4．园区能碳管理平台。",
}
_SHARED = {
    "energy_intensity_fall": "energy_per_value_added_fall",
    "high_tech_share": "high_tech_output_share",
    "solid_waste_use": "solid_waste_use_rate",
    "waste_water": "waste_water_per_value_added",
}
"""Indicator of a park's report → the field of its form for the same figure."""
_AREA_CODES: Mapping[Prefecture, str] = {
    Prefecture.HOHHOT: "0471",
    Prefecture.BAOTOU: "0472",
    Prefecture.WUHAI: "0473",
    Prefecture.ULANQAB: "0474",
    Prefecture.TONGLIAO: "0475",
    Prefecture.CHIFENG: "0476",
    Prefecture.ORDOS: "0477",
    Prefecture.BAYANNUR: "0478",
    Prefecture.XILINGOL: "0479",
    Prefecture.HULUNBUIR: "0470",
    Prefecture.HINGGAN: "0482",
    Prefecture.ALXA: "0483",
}


def form_of(applicant: Applicant) -> Form:
    return annex1.PARK if applicant.unit.unit_type is UnitType.PARK else annex1.ENTERPRISE


def values(applicant: Applicant) -> Values:
    """Return the applicant's entries in its form."""
    chance = luck(applicant, "annex1")
    table = _park(applicant, chance) if applicant.unit.unit_type is UnitType.PARK else _enterprise(applicant, chance)
    return {**_cover(applicant), **_contact(applicant), **table, **_plan(applicant)}


def _cover(applicant: Applicant) -> Values:
    return {
        "cover_unit": applicant.unit.name,
        "unit_type": applicant.unit.unit_type.value,
        "cover_contact": _contact_name(applicant),
        "cover_phone": _phone(applicant, 1),
        "cover_day": COVER_DAY,
    }


def _contact(applicant: Applicant) -> Values:
    return {
        "name": applicant.unit.name,
        "address": _address(applicant),
        "contact": _contact_name(applicant),
        "contact_phone": _phone(applicant, 1),
        "contact_email": email(applicant),
        "remarks": "近三年未发生环保、安全重大事故。",
    }


def _enterprise(applicant: Applicant, chance: Random) -> Values:
    revenue = Decimal(chance.randint(12_000, 480_000))
    return {
        "industry": applicant.trade.title,
        "nature": chance.choice(["有限责任公司", "股份有限公司", "国有控股企业"]),
        "uscc": applicant.unit.uscc,
        "founded": date(chance.randint(1998, YEAR - 5), chance.randint(1, 12), chance.randint(1, 28)),
        "representative": applicant.representative.name,
        "representative_phone": _phone(applicant, 2),
        "products": [_product(product, chance) for product in applicant.trade.products],
        "finances": [_financial_year(year, revenue, chance) for year in range(YEAR - 3, YEAR)],
    }


def _product(product: tuple[str, str, str], chance: Random) -> Values:
    name, capacity, output = product
    return {
        "name": name,
        "capacity": capacity,
        "output": output,
        "sales_rate": _between(chance, 94, 100),
        "market_share": _between(chance, 1, 9),
        "energy": _between(chance, 1, 40),
        "water": _between(chance, 8, 260),
    }


def _financial_year(year: int, revenue: Decimal, chance: Random) -> Values:
    grown = (revenue * (1 + Decimal(year - YEAR + 3) * Decimal("0.06"))).quantize(CENT)
    return {
        "year": year,
        "assets": (grown * Decimal("1.7")).quantize(CENT),
        "debt_ratio": _between(chance, 32, 61),
        "revenue": grown,
        "profit": (grown * _between(chance, 4, 12) / 100).quantize(CENT),
        "tax": (grown * _between(chance, 3, 6) / 100).quantize(CENT),
    }


def _park(applicant: Applicant, chance: Random) -> Values:
    planned = _between(chance, 18, 64)
    enterprises = chance.randint(60, 210)
    return {
        "park_level": "provincial",
        "park_type": "综合性工业园区",
        "head": applicant.representative.name,
        "head_phone": _phone(applicant, 2),
        "leading_industry": applicant.trade.title,
        "planned_area": planned,
        "built_area": (planned * Decimal("0.62")).quantize(CENT),
        "enterprises": enterprises,
        "enterprises_above_size": enterprises // 3,
        "energy_intensive_enterprises": enterprises // 12,
        **_of_the_report(applicant),
    }


def _of_the_report(applicant: Applicant) -> Values:
    """Return the figures of last year, which are the same in form and report."""
    claimed = report.claimed(applicant)
    return {name: claimed[indicator] for name, indicator in _SHARED.items()}


def _plan(applicant: Applicant) -> Values:
    unit = applicant.unit
    words = {"name": unit.name, "area": _area(applicant), "trade": applicant.trade.title, "year": YEAR}
    chapters = _OF_A_PARK if unit.unit_type is UnitType.PARK else _OF_AN_ENTERPRISE
    return {chapter: text.format(**words) for chapter, text in chapters.items()}


def _area(applicant: Applicant) -> str:
    return PREFECTURES[applicant.unit.prefecture]


def _address(applicant: Applicant) -> str:
    return f"内蒙古自治区{_area(applicant)}示例路{applicant.order}号"


def email(applicant: Applicant) -> str:
    """Return an address that nobody can have: ``.example`` is reserved (RFC 2606)."""
    return f"contact@{applicant.id}.example"


def _contact_name(applicant: Applicant) -> str:
    return f"{applicant.representative.name[0]}联络"


def _phone(applicant: Applicant, line: int) -> str:
    return f"{_AREA_CODES[applicant.unit.prefecture]}-{line:03d}{applicant.order:04d}"


def _between(chance: Random, least: int, most: int) -> Decimal:
    return Decimal(chance.randint(least * 100, most * 100)) / 100
