"""A factory, a park and an assessor of the tests, and applications that meet every condition."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from applications.domain.application import Application
from applications.domain.eligibility import EligibilityContext
from applications.domain.facts import FactKind
from applications.domain.organisation_status import Listing, OrganisationStatus
from applications.domain.report import (
    Certificate,
    Declaration,
    Energy,
    EnergyBasis,
    FiledIndicator,
    NamedFile,
    ParkFacts,
    ParkRank,
    ParkYear,
    Report,
)
from messages.assessor_quota import AssessorRegistered
from messages.values import (
    AssessorRef,
    Evaluation,
    Level,
    MandatoryItemAnswer,
    PersonRef,
    Prefecture,
    SchemeRef,
    UnitRef,
    UnitType,
)
from rulebook import Scheme, rules_on, scheme_on
from stdnum.cn import uscc as gb32100

NOW = datetime(2026, 4, 20, 2, 0, tzinfo=UTC)
TODAY = date(2026, 4, 20)
RULES = rules_on(TODAY)
ORDOS = Prefecture.ORDOS
STEEL = UnitRef(uscc="911501000000000191", name="示例钢铁", unit_type=UnitType.FACTORY, prefecture=ORDOS)
PARK = UnitRef(
    uscc="911502000000000271", name="示例园区", unit_type=UnitType.PARK, prefecture=ORDOS, park_name="示例园区"
)
ASSESSOR = AssessorRef(uscc="911503000000000351", name="示例评价中心")
SELF_EVALUATION = Evaluation(way="self")
BY_ASSESSOR = Evaluation(way="assessor", assessor=ASSESSOR, lead_author="S1", reviewer="S2")
PERSON = PersonRef(digest="a" * 64, masked="15**************3X")
ANOTHER_PERSON = PersonRef(digest="d" * 64, masked="15**************21")
DIGEST = "b" * 64
SUBJECT = "li"
CASE: dict[str, Any] = {
    "case_id": "app-2026-000000000001",
    "unit": STEEL,
    "level": Level.REGION,
    "batch_year": 2026,
    "rule_set": "2024-01-19",
}
"""The fields of every event of review about the first application."""


def numbered_unit(number: int) -> UnitRef:
    """Another factory for each number."""
    front = f"91150100{number:09d}"
    return STEEL.model_copy(update={"uscc": front + str(gb32100.calc_check_digit(front))})


def scheme_of(unit: UnitRef) -> Scheme:
    return scheme_on(unit.unit_type, TODAY)


def best_value(scheme: Scheme, indicator: str) -> Decimal:
    """A value within its range: full points where the scheme names what brings them."""
    found = scheme.indicator(indicator)
    least, greatest = scheme.range_of(found)
    wanted = found.leading if found.leading is not None else (greatest if greatest is not None else least)
    return min(wanted, greatest) if greatest is not None else wanted


def report(unit: UnitRef = STEEL, **changes: Any) -> Report:  # noqa: ANN401 - fields by name
    """A report that meets every condition on ``TODAY``."""
    scheme = scheme_of(unit)
    complete = Report(
        undertaking=True,
        scheme=SchemeRef(id=scheme.id, version=scheme.version),
        representative=PERSON,
        indicators=tuple(FiledIndicator(i.id, best_value(scheme, i.id), i.unit) for i in scheme.indicators),
        mandatory_items=tuple(MandatoryItemAnswer(item=each.id, passed=True) for each in scheme.mandatory_items),
        evidence=(NamedFile("营业执照.pdf", DIGEST),),
        independent_legal_person=True,
        industry_code="3130",
        energy=Energy(EnergyBasis.BENCHMARK, True, Decimal(360), Decimal(361), "kgce/t"),
        certificates=tuple(certificate(system) for system in RULES.systems),
        declarations=tuple(Declaration(kind, occurred=False) for kind in FactKind),
        park=park_facts() if unit.unit_type is UnitType.PARK else None,
    )
    return replace(complete, **changes)


def certificate(system: str, *, until: date = date(2027, 12, 31)) -> Certificate:
    return Certificate(system, f"CN-{system}", date(2025, 1, 1), until)


def park_facts(**changes: Any) -> ParkFacts:  # noqa: ANN401 - fields by name
    complete = ParkFacts(
        legal_boundary=True,
        single_management=True,
        rank=ParkRank.REGION,
        main_function=True,
        value_added_share=Decimal("50.01"),
        enterprises_undertaking=True,
        targets_met=True,
        environmental_quality_met=True,
        discharge_met=True,
        total_amount_met=True,
        key_enterprises=1000,
        key_enterprises_audited=1000,
        nothing_obsolete=True,
        green_body=True,
        green_staff=2,
        factory_plan="园发〔2025〕8号",
        years=(
            ParkYear(2023, Decimal("2.1"), Decimal(10)),
            ParkYear(2024, Decimal("2.0"), Decimal(12)),
            ParkYear(2025, Decimal("1.8"), Decimal(15)),
        ),
    )
    return replace(complete, **changes)


def application(unit: UnitRef = STEEL, *, evaluation: Evaluation = SELF_EVALUATION, **changes: Any) -> Application:  # noqa: ANN401 - fields by name
    complete = Application(
        application_id="app-2026-000000000001",
        unit=unit,
        level=Level.REGION,
        batch_year=2026,
        evaluation=evaluation,
        report=report(unit),
    )
    return replace(complete, **changes)


def standing(unit: UnitRef = STEEL, **changes: Any) -> OrganisationStatus:  # noqa: ANN401 - fields by name
    """On the prefecture's list, so that the region may be applied for."""
    own = (Level.PREFECTURE, date(2025, 6, 1), "鄂工信发〔2025〕3号", unit.prefecture)
    listing = Listing(unit.key, unit.unit_type, *own)
    return replace(OrganisationStatus(unit.uscc, listings=(listing,)), **changes)


def eligibility_context(unit: UnitRef = STEEL, **changes: Any) -> EligibilityContext:  # noqa: ANN401 - fields by name
    """A context that meets every condition; ``report`` is short for the application's."""
    events = changes.pop("report", None)
    filed = application(unit, report=events) if events else application(unit)
    return replace(EligibilityContext(filed, TODAY, RULES, scheme_of(unit), standing(unit)), **changes)


def assessor_registered(sequence: int = 1, scope: tuple[UnitType, ...] = tuple(UnitType)) -> AssessorRegistered:
    return AssessorRegistered(
        assessor_uscc=ASSESSOR.uscc,
        name=ASSESSOR.name,
        representative=ANOTHER_PERSON,
        scope=scope,
        registered_on=date(2025, 1, 10),
        sequence=sequence,
    )
