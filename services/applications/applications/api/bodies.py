"""Request bodies, and their conversion to values of the domain."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from chassis.handling import Refusal
from chassis.http import Body, Count, Day
from chassis.security import InvalidPersonNumberError, KeyRing
from messages.bounds import CalendarYear, Rows
from messages.entries import (
    EnteredEvaluation,
    EnteredUnit,
    EnteredUscc,
    Name,
    OneLine,
    OptionalParagraphs,
    Paragraphs,
    enter_evaluation,
)
from messages.values import (
    AssessorRef,
    Digest,
    Evaluation,
    Identifier,
    Level,
    MandatoryItemAnswer,
    Number,
    PersonRef,
    SchemeRef,
    UnitType,
)
from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from rulebook import reason

from applications.domain.facts import FactKind
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

BatchYear = Annotated[int, Field(ge=2000, le=2200)]


Share = Annotated[Number, Field(ge=0)]
T = TypeVar("T")


class IndicatorBody(Body):
    indicator: Identifier
    title: OneLine | None = None
    """As printed; for the reader only."""
    unit: Annotated[OneLine, Field(max_length=40)]
    value: Number
    year_before: Number | None = None
    two_years_before: Number | None = None

    def indicator_as_filed(self) -> FiledIndicator:
        return FiledIndicator(self.indicator, self.value, self.unit, self.year_before, self.two_years_before)


class MandatoryItemBody(Body):
    item: Identifier
    title: OneLine | None = None
    passed: bool
    note: OneLine | None = None


class CertificateBody(Body):
    system: Annotated[OneLine, Field(max_length=60)]
    number: Name
    issuer: OneLine | None = None
    valid_from: Day
    valid_until: Day

    def certificate(self) -> Certificate:
        return Certificate(self.system, self.number, self.valid_from, self.valid_until, self.issuer)


class DeclarationBody(Body):
    kind: FactKind
    occurred: bool
    happened_on: Day | None = None
    ended_on: Day | None = None
    note: OneLine | None = None

    def declaration(self) -> Declaration:
        return Declaration(self.kind, self.occurred, self.happened_on, self.ended_on, self.note)


class EvidenceBody(Body):
    name: Name
    sha256: Digest
    note: OneLine | None = None


class YearBody(Body):
    year: CalendarYear
    carbon_intensity: Share | None = None
    voluntary_audit_share: Share | None = None


class ParkBody(Body):
    """The answers to Art. 13; an enterprise leaves all of them out."""

    legal_boundary: bool | None = None
    single_management: bool | None = None
    rank: ParkRank | None = None
    main_function: bool | None = None
    value_added_share: Share | None = None
    enterprises_undertaking: bool | None = None
    targets_met: bool | None = None
    environmental_quality_met: bool | None = None
    discharge_met: bool | None = None
    total_amount_met: bool | None = None
    key_enterprises: Count | None = None
    key_enterprises_audited: Count | None = None
    nothing_obsolete: bool | None = None
    green_body: bool | None = None
    green_staff: Count | None = None
    factory_plan: OneLine | None = None
    years: Rows[YearBody] = ()

    def park_facts(self) -> ParkFacts:
        fields = {name: getattr(self, name) for name in ParkBody.model_fields if name != "years"}
        years = tuple(ParkYear(y.year, y.carbon_intensity, y.voluntary_audit_share) for y in self.years)
        return ParkFacts(**fields, years=years)


class ReportBody(ParkBody):
    """An evaluation report, with the names of the workbook, so that both ways of filing share one model."""

    name: Name | None = None
    uscc: EnteredUscc | None = None
    unit_type: UnitType | None = None
    park_name: Name | None = None
    representative: Annotated[OneLine | None, Field(max_length=100)] = None
    """Not stored."""
    representative_document: Annotated[SecretStr, Field(max_length=100)] | None = None
    """Only its keyed digest and a masked form are stored."""
    way: Literal["self", "assessor"]
    assessor_name: Name | None = None
    assessor_uscc: EnteredUscc | None = None
    lead_author: Identifier | None = None
    reviewer: Identifier | None = None
    scheme_id: Identifier | None = None
    scheme_version: Identifier | None = None
    highlights: Annotated[OptionalParagraphs | None, Field(max_length=100)] = None
    undertaking: bool = False
    independent_legal_person: bool | None = None
    industry_code: Annotated[OneLine | None, Field(max_length=10)] = None
    group: Name | None = None
    benchmark_published: bool | None = None
    energy_level: EnergyBasis | None = None
    energy_unit: Annotated[OneLine | None, Field(max_length=60)] = None
    energy_actual: Share | None = None
    energy_limit: Share | None = None
    indicators: Rows[IndicatorBody] = ()
    mandatory_items: Rows[MandatoryItemBody] = ()
    certificates: Rows[CertificateBody] = ()
    declarations: Rows[DeclarationBody] = ()
    evidence: Rows[EvidenceBody] = ()

    @field_validator("assessor_name", "assessor_uscc", "lead_author", "reviewer")
    @classmethod
    def _own_evaluation_names_nobody(cls, named: T, info: ValidationInfo) -> T:
        """Refuse each field by itself; the messages' ``Evaluation`` refuses it too, but only as a whole (E12)."""
        if named is not None and info.data.get("way") == "self":
            raise PydanticCustomError("own_evaluation", "自评价不得填写第三方服务机构、编制人员或审核人员")
        return named

    def evaluation(self) -> Evaluation:
        assessor = None
        if self.assessor_uscc:
            assessor = AssessorRef(uscc=self.assessor_uscc, name=self.assessor_name or self.assessor_uscc)
        way = Evaluation(way=self.way, assessor=assessor, lead_author=self.lead_author, reviewer=self.reviewer)
        return enter_evaluation(way)  # a code whose check character fails keeps its mark

    def report(self, unit_type: UnitType, keys: KeyRing) -> Report:
        person, key_id = self._person(keys)
        return Report(
            undertaking=self.undertaking,
            scheme=self._scheme(),
            representative=person,
            representative_key=key_id,
            indicators=tuple(each.indicator_as_filed() for each in self.indicators),
            mandatory_items=tuple(
                MandatoryItemAnswer(item=each.item, passed=each.passed) for each in self.mandatory_items
            ),
            evidence=tuple(NamedFile(each.name, each.sha256) for each in self.evidence),
            independent_legal_person=self.independent_legal_person,
            industry_code=self.industry_code,
            energy=self._energy(),
            certificates=tuple(each.certificate() for each in self.certificates),
            declarations=tuple(each.declaration() for each in self.declarations),
            park=self.park_facts() if unit_type is UnitType.PARK else None,
            group=self.group,
            highlights=self.highlights,
        )

    def _scheme(self) -> SchemeRef | None:
        if self.scheme_id is None or self.scheme_version is None:
            return None
        return SchemeRef(id=self.scheme_id, version=self.scheme_version)

    def _energy(self) -> Energy | None:
        if self.energy_level is None or self.energy_actual is None or self.energy_limit is None:
            return None
        unit, published = self.energy_unit or "", self.benchmark_published is True
        return Energy(self.energy_level, published, self.energy_actual, self.energy_limit, unit)

    def _person(self, keys: KeyRing) -> tuple[PersonRef | None, str | None]:
        if self.representative_document is None:
            return None, None
        try:
            person = keys.identify(self.representative_document.get_secret_value())
        except InvalidPersonNumberError as problem:
            text = f"法定代表人证件号码{problem.text}"
            wrong = reason("A1", "document-number-invalid", text, pointer="/representative_document")
            raise Refusal("report-malformed", wrong, status=422) from None
        return PersonRef(digest=person.digest, masked=person.masked), person.key_id


class DraftBody(Body):
    unit: EnteredUnit
    level: Level = Level.REGION
    batch_year: BatchYear
    evaluation: EnteredEvaluation
    """Counts until a report is filed; the report then names the way and the assessor."""
    report: ReportBody | None = None


class AmendmentBody(Body):
    unit_name: Name
    level: Level
    batch_year: BatchYear
    evaluation: EnteredEvaluation


class JustificationBody(Body):
    text: Paragraphs
