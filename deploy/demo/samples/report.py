"""Evaluation reports filled in, with the faults of the edge cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import cast

from applications.workbooks import report
from applications.workbooks.layout import Form
from messages.values import UnitType
from rulebook.schemes import Indicator, Scheme, scheme_on

from deploy.demo.personas import YEAR, Applicant, EdgeCase
from deploy.demo.samples.evidence import Evidence
from deploy.demo.samples.numbers import CENT, is_tick, luck, values

Values = dict[str, object]

_VALID = (date(YEAR - 2, 3, 15), date(YEAR + 1, 3, 14))
_EXPIRED = (date(YEAR - 3, 2, 20), date(YEAR, 2, 19))
_POWER_PLANT = "4411"
"""火力发电: energy supply is no manufacturing in GB/T 4754."""
_IMPOSSIBLE = {"water_reuse_rate": Decimal(108)}
_WAY_WORSE, _LITTLE_WORSE = Decimal("0.93"), Decimal("0.97")


def form_of(applicant: Applicant) -> Form:
    return report.form_of(applicant.unit.unit_type)


def scheme_of(applicant: Applicant) -> Scheme:
    return scheme_on(applicant.unit.unit_type, date(YEAR, 3, 1))


def claimed(applicant: Applicant) -> dict[str, Decimal]:
    """Return the report's value of each indicator."""
    return values(applicant, scheme_of(applicant), applicant.claimed)


def filled(applicant: Applicant, evidence: Sequence[Evidence], *, amended: bool = False) -> Values:
    """Return the report as the applicant or its assessor files it; ``amended`` after a return."""
    scheme = scheme_of(applicant)
    given = report.prefilled_values(scheme)
    is_park = applicant.unit.unit_type is UnitType.PARK
    return {
        **given,
        **_unit(applicant),
        **_evaluation(applicant),
        "indicators": _indicators(applicant, scheme, _rows(given, "indicators")),
        "mandatory_items": [{**row, "passed": True} for row in _rows(given, "mandatory_items")],
        "evidence": [{"name": each.name, "sha256": each.sha256, "note": each.note} for each in evidence],
        **(_park(applicant) if is_park else _enterprise(applicant, given, amended=amended)),
    }


def _unit(applicant: Applicant) -> Values:
    return {
        "name": applicant.unit.name,
        "uscc": applicant.unit.uscc,
        "park_name": applicant.unit.park_name,
        "representative": applicant.representative.name,
        "representative_document": applicant.representative.document_number,
        "highlights": "绿色电力占比逐年提高，余热余压全部回收利用。",
        "undertaking": applicant.case is not EdgeCase.SEVERAL_FAULTS,
    }


def _evaluation(applicant: Applicant) -> Values:
    if applicant.assessor is None:
        return {"way": "self"}
    author, reviewer = applicant.assessor.staff
    return {
        "way": "assessor",
        "assessor_name": applicant.assessor.name,
        "assessor_uscc": applicant.assessor.uscc,
        "lead_author": author,
        "reviewer": reviewer,
    }


def _indicators(applicant: Applicant, scheme: Scheme, rows: Sequence[Values]) -> list[Values]:
    found = claimed(applicant)
    if applicant.case is EdgeCase.SEVERAL_FAULTS:
        found |= _IMPOSSIBLE
    filed = [{**row, "value": found[str(row["indicator"])]} for row in rows]
    if scheme.years_filed == 1:
        return filed
    asked = {each.id: each for each in scheme.indicators}
    return [_with_years_before(row, asked[str(row["indicator"])]) for row in filed]


def _with_years_before(row: Values, indicator: Indicator) -> Values:
    """Return the values of earlier years: figures improve, yes-or-no indicators stay the same."""
    value = cast("Decimal", row["value"])
    before = {"year_before": _LITTLE_WORSE, "two_years_before": _WAY_WORSE}
    return {**row, **{year: _worse(value, indicator, share) for year, share in before.items()}}


def _worse(value: Decimal, indicator: Indicator, share: Decimal) -> Decimal:
    if is_tick(indicator):
        return value
    return (value * share if indicator.direction == "higher" else value / share).quantize(CENT)


def _enterprise(applicant: Applicant, given: Mapping[str, object], *, amended: bool) -> Values:
    faulty = applicant.case is EdgeCase.SEVERAL_FAULTS
    return {
        "independent_legal_person": not faulty,
        "industry_code": _POWER_PLANT if faulty else applicant.trade.code,
        "group": applicant.group,
        **_energy(applicant, faulty=faulty),
        "certificates": [_certificate(applicant, row, amended=amended) for row in _rows(given, "certificates")],
        "declarations": [{**row, "occurred": False} for row in _rows(given, "declarations")],
    }


def _energy(applicant: Applicant, *, faulty: bool) -> Values:
    limit = applicant.trade.energy_limit
    share = Decimal("1.12") if faulty else Decimal(luck(applicant, "energy").randint(88, 99)) / 100
    return {
        "benchmark_published": True,
        "energy_level": "benchmark",
        "energy_unit": applicant.trade.energy_unit,
        "energy_actual": (limit * share).quantize(CENT),
        "energy_limit": limit,
    }


def _certificate(applicant: Applicant, row: Values, *, amended: bool) -> Values:
    system = str(row["system"])
    expired = {EdgeCase.SEVERAL_FAULTS: "energy", EdgeCase.RETURNED: "quality"}
    is_old = applicant.case is not None and expired.get(applicant.case) == system and not amended
    first, last = _EXPIRED if is_old else _VALID
    number = f"{system[:3].upper()}-{first.year}-{applicant.order:04d}"
    return {**row, "number": number, "issuer": "示例认证中心", "valid_from": first, "valid_until": last}


def _park(applicant: Applicant) -> Values:
    chance = luck(applicant, "park")
    key_enterprises = chance.randint(6, 24)
    intensity = Decimal(chance.randint(180, 320)) / 100
    audits = chance.randint(20, 35)
    return {
        "legal_boundary": True,
        "single_management": True,
        "rank": "region",
        "main_function": True,
        "value_added_share": Decimal(chance.randint(520, 780)) / 10,
        "enterprises_undertaking": True,
        "targets_met": True,
        "environmental_quality_met": True,
        "discharge_met": True,
        "total_amount_met": True,
        "key_enterprises": key_enterprises,
        "key_enterprises_audited": key_enterprises,
        "nothing_obsolete": True,
        "green_body": True,
        "green_staff": chance.randint(2, 5),
        "factory_plan": f"示例园发〔{YEAR - 1}〕{applicant.order}号",
        "years": [
            {
                "year": YEAR - 3 + step,
                "carbon_intensity": (intensity * (100 - 4 * step) / 100).quantize(CENT),
                "voluntary_audit_share": Decimal(audits + 3 * step),
            }
            for step in range(3)
        ],
    }


def _rows(given: Mapping[str, object], table: str) -> list[Values]:
    return list(cast("Sequence[Values]", given[table]))
