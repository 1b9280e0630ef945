"""Forms filled in as a unit would: the values that the writer puts into the cells."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from applications.workbooks import annex1, report
from messages.values import UnitRef

from .builders import DIGEST, PARK, STEEL, best_value, scheme_of

NUMBER = "15010219800101113X"
COVER = {"cover_unit": STEEL.name, "unit_type": "factory", "cover_contact": "张三", "cover_phone": "0477-1234567"}
PLAN = {name: f"{label}：略" for name, label in annex1.CHAPTERS}


def enterprise(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - cells by name
    return {
        **COVER,
        **PLAN,
        "name": STEEL.name,
        "industry": "黑色金属冶炼和压延加工业",
        "address": "鄂尔多斯市示例路1号",
        "nature": "有限责任公司",
        "uscc": STEEL.uscc,
        "founded": date(2009, 5, 8),
        "representative": "王五",
        "representative_phone": "13800000000",
        "contact": "张三",
        "contact_phone": "0477-1234567",
        "contact_email": "zhang@example.com",
        "products": [
            {
                "name": f"钢材{at}",
                "capacity": "100万吨/年",
                "output": "90万吨",
                "sales_rate": Decimal("98.5"),
                "market_share": Decimal("0.3"),
                "energy": Decimal("31.4"),
                "water": Decimal(200),
            }
            for at in range(5)
        ],
        "finances": [finances(year) for year in (2023, 2024, 2025)],
        "remarks": "无",
    } | changes


def finances(year: int) -> dict[str, Any]:
    return {
        "year": year,
        "assets": Decimal("120000.5"),
        "debt_ratio": Decimal(55),
        "revenue": Decimal(98000),
        "profit": Decimal(-12),
        "tax": Decimal(3100),
    }


def park(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - cells by name
    return {
        **COVER,
        **PLAN,
        "cover_unit": PARK.name,
        "unit_type": "park",
        "name": PARK.name,
        "address": "鄂尔多斯市",
        "park_level": "provincial",
        "park_type": "综合类",
        "head": "赵六",
        "head_phone": "0477-7654321",
        "contact": "张三",
        "contact_phone": "0477-1234567",
        "contact_email": "zhang@example.com",
        "leading_industry": "煤化工",
        "planned_area": Decimal(40),
        "built_area": Decimal("25.5"),
        "enterprises": 120,
        "enterprises_above_size": 40,
        "energy_intensive_enterprises": 12,
        "energy_intensity_fall": Decimal("3.2"),
        "high_tech_share": Decimal(21),
        "solid_waste_use": Decimal(80),
        "waste_water": Decimal("1.5"),
    } | changes


def report_of(unit: UnitRef = STEEL, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - cells by name
    """A report that meets every condition."""
    scheme = scheme_of(unit)
    given: dict[str, Any] = dict(report.prefilled_values(scheme))
    answered = {
        "indicators": [row | {"value": best_value(scheme, row["indicator"])} for row in given["indicators"]],
        "mandatory_items": [row | {"passed": True} for row in given["mandatory_items"]],
        "evidence": [{"name": "营业执照.pdf", "sha256": DIGEST}],
        "name": unit.name,
        "uscc": unit.uscc,
        "representative": "王五",
        "representative_document": NUMBER,
        "way": "self",
        "undertaking": True,
    }
    own = _park_answers() | {"park_name": unit.park_name} if unit.park_name else _enterprise_answers(given)
    prefilled = {
        name: value for name, value in given.items() if name in own or name not in {"certificates", "declarations"}
    }
    return prefilled | answered | own | changes


def _enterprise_answers(given: dict[str, Any]) -> dict[str, Any]:
    dates = {"valid_from": date(2025, 1, 1), "valid_until": date(2027, 12, 31)}
    return {
        "independent_legal_person": True,
        "industry_code": "3130",
        "benchmark_published": True,
        "energy_level": "benchmark",
        "energy_unit": "kgce/t",
        "energy_actual": Decimal(360),
        "energy_limit": Decimal(361),
        "certificates": [row | dates | {"number": "CN-1", "issuer": "示例认证"} for row in given["certificates"]],
        "declarations": [row | {"occurred": False} for row in given["declarations"]],
    }


def _park_answers() -> dict[str, Any]:
    yes = dict.fromkeys(
        (
            "legal_boundary",
            "single_management",
            "main_function",
            "enterprises_undertaking",
            "targets_met",
            "environmental_quality_met",
            "discharge_met",
            "total_amount_met",
            "nothing_obsolete",
            "green_body",
        ),
        True,
    )
    return yes | {
        "rank": "region",
        "value_added_share": Decimal("61.5"),
        "key_enterprises": 8,
        "key_enterprises_audited": 8,
        "green_staff": 3,
        "factory_plan": "园发〔2025〕8号",
        "years": [
            {"year": 2023, "carbon_intensity": Decimal("2.2"), "voluntary_audit_share": Decimal(9)},
            {"year": 2024, "carbon_intensity": Decimal("2.1"), "voluntary_audit_share": Decimal(10)},
            {"year": 2025, "carbon_intensity": Decimal("1.9"), "voluntary_audit_share": Decimal(12)},
        ],
    }


def as_json(values: Any) -> Any:  # noqa: ANN401 - any JSON
    """Numbers as text and days in ISO form, as the interface takes them."""
    if isinstance(values, dict):
        return {name: as_json(each) for name, each in values.items()}
    if isinstance(values, list):
        return [as_json(each) for each in values]
    return values if isinstance(values, str | bool | int | None) else str(values)
