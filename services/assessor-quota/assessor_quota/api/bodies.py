"""Request bodies about the register and its sanctions."""

from __future__ import annotations

from typing import Annotated, TypeVar

from chassis.handling import Refusal
from chassis.http import Body, Day
from chassis.security import InvalidPersonNumberError, KeyRing, Pseudonym
from messages.entries import DocumentNumber, EnteredUscc, Line, Name, Paragraphs
from messages.values import Identifier, UnitType
from pydantic import ConfigDict, Field, SecretStr
from pydantic.config import JsonValue
from rulebook import reason

from assessor_quota.domain.amendment import Amendment
from assessor_quota.domain.staff import Correction, Leaving, NewMember, StaffChanges, StaffMember
from assessor_quota.handlers.namings import NAMINGS_MAX, NamedApplication

Since = Annotated[Day, Field(alias="from")]
DocumentNumberOfPerson = Annotated[SecretStr, Field(max_length=100)]
MAX_STAFF, MAX_FINDINGS = 1000, 100
Scope = Annotated[tuple[UnitType, ...], Field(max_length=10)]
T = TypeVar("T")
Members = Annotated[tuple[T, ...], Field(max_length=MAX_STAFF)]


def example(**values: JsonValue) -> ConfigDict:
    """Return the configuration with an example for the document of the interface; all names are invented."""
    return ConfigDict(json_schema_extra={"examples": [values]})


class Person(Body):
    document_number: DocumentNumberOfPerson
    """Never stored: only a keyed digest and a masked form are."""
    name: Line

    def pseudonym(self, keys: KeyRing, rule: str, refused_as: str) -> Pseudonym:
        """Return the pseudonym; raise the Refusal (422) of an invalid number, without repeating it."""
        try:
            return keys.identify(self.document_number.get_secret_value())
        except InvalidPersonNumberError as problem:
            text, pointer = f"法定代表人证件号码{problem.text}", "/representative/document_number"
            wrong = reason(rule, "document-number-invalid", text, pointer=pointer)
            raise Refusal(refused_as, wrong, status=422) from None


class Staff(Body):
    staff_id: Identifier | None = None
    """By which a report names its author and reviewer; the next free ``S1``, ``S2``, … when absent."""
    name: Line
    qualification: Line
    since: Since
    until: Day | None = None

    def member(self, number: int) -> StaffMember:
        return StaffMember(self.staff_id or f"S{number}", self.name, self.qualification, self.since, self.until)

    def new_member(self) -> NewMember:
        return NewMember(self.name, self.qualification, self.since, self.until, self.staff_id)


class Registration(Body):
    model_config = example(
        uscc="911501000000000191",
        name="内蒙古示例绿色评价有限公司",
        representative={"document_number": "15010219800101113X", "name": "王某"},
        scope=["factory", "park"],
        staff=[{"name": "赵某", "qualification": "注册环保工程师", "from": "2024-01-01"}],
    )

    uscc: EnteredUscc
    name: Name
    representative: Person
    scope: Scope
    staff: Members[Staff]


class StaffLeaving(Body):
    staff_id: Identifier
    until: Day
    """The last day."""


class StaffCorrection(Body):
    staff_id: Identifier
    name: Line | None = None
    qualification: Line | None = None
    since: Annotated[Day | None, Field(alias="from")] = None
    until: Day | None = None


class StaffAmendment(Body):
    """Nobody is taken off: somebody who left is ended, so that past reports can still be checked (S7)."""

    add: Members[Staff] = ()
    end: Members[StaffLeaving] = ()
    correct: Members[StaffCorrection] = ()

    def changes(self) -> StaffChanges:
        return StaffChanges(
            tuple(each.new_member() for each in self.add),
            tuple(Leaving(each.staff_id, each.until) for each in self.end),
            tuple(Correction(**each.model_dump()) for each in self.correct),
        )


class AmendmentBody(Body):
    """An absent part stays as it is."""

    model_config = example(
        name="内蒙古示例绿色评价咨询有限公司",
        staff={
            "add": [{"name": "钱某", "qualification": "高级工程师", "from": "2026-04-01"}],
            "end": [{"staff_id": "S1", "until": "2026-03-31"}],
        },
    )

    name: Name | None = None
    representative_name: Line | None = None
    """Its spelling; another person is a change of the legal representative."""
    scope: Scope | None = None
    staff: StaffAmendment = StaffAmendment()

    def amendment(self) -> Amendment:
        scope = None if self.scope is None else tuple(dict.fromkeys(self.scope))
        return Amendment(self.name, self.representative_name, scope, self.staff.changes())


class RepresentativeChange(Body):
    model_config = example(
        representative={"document_number": "150102198505053325", "name": "李某"},
        changed_on="2026-04-01",
        document_number="内市监变〔2026〕108号",
    )

    representative: Person
    changed_on: Day
    """The successor's first day."""
    document_number: DocumentNumber
    """Of the document that shows the change."""


class EndOfRegistration(Body):
    model_config = example(document_number="内工信函〔2026〕51号", since="2026-04-01")

    document_number: DocumentNumber
    since: Day | None = None
    """Today when absent."""


class Restoration(Body):
    document_number: DocumentNumber


class NamedApplicationBody(Body):
    application_id: Identifier
    """Its number, which the applicant knows from the draft on."""
    unit_uscc: EnteredUscc
    """The unit that the assessor evaluates: an application of another one has not got its word."""

    def application(self) -> NamedApplication:
        return NamedApplication(self.application_id, self.unit_uscc)


class ConfirmationBody(Body):
    """The applications that the assessor evaluates, those not submitted yet included: all are confirmed, or none."""

    model_config = example(
        namings=[{"application_id": "app-2026-0a1b2c3d4e5f", "unit_uscc": "911502000000000271"}],
    )

    namings: Annotated[tuple[NamedApplicationBody, ...], Field(min_length=1, max_length=NAMINGS_MAX)]


class DenialBody(Body):
    model_config = example(application_id="app-2026-0a1b2c3d4e5f", reason="本机构未与该单位签订评价合同。")

    application_id: Identifier
    reason: Paragraphs


class FindingBody(Body):
    text: Paragraphs
    evidence: Paragraphs | None = None


class DecisionBody(Body):
    model_config = example(
        decided_on="2026-04-20",
        document_number="内工信罚〔2026〕1号",
        reasons=[{"text": "评价报告数据造假", "evidence": "现场核查记录第3号"}],
    )

    decided_on: Day
    document_number: DocumentNumber
    reasons: Annotated[tuple[FindingBody, ...], Field(min_length=1, max_length=MAX_FINDINGS)]


class Revocation(Body):
    model_config = example(document_number="内工信撤〔2026〕2号", revoked_on="2026-06-01")

    document_number: DocumentNumber
    revoked_on: Day | None = None
    """Today when absent."""
    decision: DocumentNumber | None = None
    """Number of the decision revoked; needed only where more than one is in force."""
