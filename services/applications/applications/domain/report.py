"""The evaluation report and the declarations filed with it (A1), for the checks of eligibility."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from messages.values import IndicatorValue, MandatoryItemAnswer, PersonRef, SchemeRef

from applications.domain.facts import Fact, FactKind, FactSource


class EnergyBasis(StrEnum):
    """The level that the unit's energy efficiency is measured by (Art. 12(2))."""

    BENCHMARK = "benchmark"
    """标杆水平, where the ministries have published one for the industry."""
    ADVANCED = "advanced"
    """先进值 of the national quota standard."""
    GRADE_1 = "grade_1"
    """1级水平 of the national quota standard."""


BASES: Mapping[EnergyBasis, str] = MappingProxyType(
    {
        EnergyBasis.BENCHMARK: "标杆水平",
        EnergyBasis.ADVANCED: "能耗限额标准先进值",
        EnergyBasis.GRADE_1: "能耗限额标准1级水平",
    }
)
SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "environment": "环境管理体系",
        "occupational_health_safety": "职业健康安全管理体系",
        "quality": "质量管理体系",
        "energy": "能源管理体系",
    }
)
"""The four management systems of Art. 12(3), by the names that the rule set uses."""


class ParkRank(StrEnum):
    """The kind of a park (Art. 13(1))."""

    NATION = "nation"
    REGION = "region"
    INSIDE = "inside"
    """An industrial park inside one of those."""
    OTHER = "other"


@dataclass(frozen=True)
class FiledIndicator:
    """One indicator as filed; parks file the two years before as well."""

    indicator: str
    value: Decimal
    unit: str
    year_before: Decimal | None = None
    two_years_before: Decimal | None = None


@dataclass(frozen=True)
class Energy:
    """Consumption for a unit of product beside the level it is measured by; less is better."""

    basis: EnergyBasis
    benchmark_published: bool
    actual: Decimal
    limit: Decimal
    unit: str


@dataclass(frozen=True)
class Certificate:
    """A management system's certificate; valid on both of its days."""

    system: str
    number: str
    valid_from: date
    valid_until: date
    issuer: str | None = None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_until


@dataclass(frozen=True)
class Declaration:
    """The applicant's statement about one circumstance of Art. 12(5)."""

    kind: FactKind
    occurred: bool
    happened_on: date | None = None
    ended_on: date | None = None
    note: str | None = None


@dataclass(frozen=True)
class ParkYear:
    year: int
    carbon_intensity: Decimal | None = None
    voluntary_audit_share: Decimal | None = None


@dataclass(frozen=True)
class ParkFacts:
    """A park's answers to Art. 13; a condition without an answer is not met."""

    legal_boundary: bool | None = None
    single_management: bool | None = None
    rank: ParkRank | None = None
    main_function: bool | None = None
    value_added_share: Decimal | None = None
    enterprises_undertaking: bool | None = None
    targets_met: bool | None = None
    environmental_quality_met: bool | None = None
    discharge_met: bool | None = None
    total_amount_met: bool | None = None
    key_enterprises: int | None = None
    key_enterprises_audited: int | None = None
    nothing_obsolete: bool | None = None
    green_body: bool | None = None
    green_staff: int | None = None
    factory_plan: str | None = None
    years: tuple[ParkYear, ...] = ()


@dataclass(frozen=True)
class NamedFile:
    """A file of evidence that the report names; the submission checks whether it was sent."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Report:
    undertaking: bool = False
    scheme: SchemeRef | None = None
    representative: PersonRef | None = None
    representative_key: str | None = None
    """The secret key that made the representative's digest."""
    indicators: tuple[FiledIndicator, ...] = ()
    mandatory_items: tuple[MandatoryItemAnswer, ...] = ()
    evidence: tuple[NamedFile, ...] = ()
    independent_legal_person: bool | None = None
    industry_code: str | None = None
    energy: Energy | None = None
    certificates: tuple[Certificate, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    park: ParkFacts | None = None
    group: str | None = None
    highlights: str | None = None

    @property
    def values(self) -> Mapping[str, Decimal]:
        return {each.indicator: each.value for each in self.indicators}

    @property
    def answers(self) -> Mapping[str, bool]:
        return {each.item: each.passed for each in self.mandatory_items}

    @property
    def values_for_event(self) -> tuple[IndicatorValue, ...]:
        return tuple(IndicatorValue(indicator=i.indicator, value=i.value, unit=i.unit) for i in self.indicators)

    def declared_facts(self, uscc: str, day: date) -> list[Fact]:
        """Return the facts that the applicant itself declares; one without a date counts as of today."""
        return [
            Fact(
                fact_id=f"declared:{each.kind}",
                uscc=uscc,
                kind=each.kind,
                happened_on=each.happened_on or day,
                source=FactSource.DECLARATION,
                reference=each.note or "申报单位申明",
                ended_on=each.ended_on,
            )
            for each in self.declarations
            if each.occurred
        ]
