"""Nobody is assessed by oneself, and an assessor reads the versions that rest on its own report (P2, P3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from applications.domain.assessors import KnownAssessor
from applications.domain.eligibility import EligibilityContext
from applications.handlers import quota
from devkit.api_harness import ApiClient, ApiHarness
from messages.assessor_quota import AssessorRegistered, LegalRepresentativeChanged
from messages.values import AssessorRef, Evaluation, PersonRef, Role

from . import builders_forms as forms
from .api_calls import APPLICATIONS, open_draft, open_draft_with_report
from .builders import (
    ANOTHER_PERSON,
    ASSESSOR,
    BY_ASSESSOR,
    PERSON,
    STEEL,
    application,
    assessor_registered,
    eligibility_context,
)
from .eligibility_checks import unmet

OTHER = AssessorRef(uscc="911505000000000511", name="另一评价中心")
SPELLINGS = (STEEL.uscc, f" {STEEL.uscc} ", "".join(chr(ord(each) + 0xFEE0) for each in STEEL.uscc))
"""As printed, between blanks, and in full width."""


def known(event: AssessorRegistered | None = None) -> KnownAssessor:
    event = event or assessor_registered()
    unknown = KnownAssessor(event.assessor_uscc, event.name)
    return unknown.with_registration(event).with_representative(event)


def changed(representative: PersonRef, sequence: int) -> LegalRepresentativeChanged:
    return LegalRepresentativeChanged(
        assessor_uscc=ASSESSOR.uscc,
        name=ASSESSOR.name,
        former=ANOTHER_PERSON,
        representative=representative,
        changed_on=date(2026, 4, 1),
        document_number="内市监变〔2026〕108号",
        carried=(),
        sequence=sequence,
    )


def context(assessor: KnownAssessor, **more: Any) -> EligibilityContext:  # noqa: ANN401 - fields by name
    named = AssessorRef(uscc=assessor.uscc, name=assessor.name)
    evaluation = Evaluation(way="assessor", assessor=named, lead_author="S1", reviewer="S2")
    return eligibility_context(application=application(evaluation=evaluation), assessor=assessor, **more)


@pytest.mark.rule("P3")
def test_a_unit_is_not_its_own_assessor() -> None:
    itself = replace(known(), uscc=STEEL.uscc)

    assert unmet(context(itself)) == [("P3", "own-assessor")]
    assert unmet(context(known())) == []


@pytest.mark.rule("P3")
def test_an_assessor_of_the_units_legal_representative_does_not_assess_it() -> None:
    of_the_unit = replace(known(), representative=PERSON)

    assert unmet(context(of_the_unit)) == [("P3", "assessor-of-same-representative")]


@pytest.mark.rule("P3")
def test_an_assessor_is_not_assessed_by_another_of_its_legal_representative_whatever_its_report_declares() -> None:
    """The unit's own entry in the register counts, beside the person whom its report names."""
    entered = replace(known(), uscc=STEEL.uscc)

    assert unmet(context(known(), unit_as_assessor=entered)) == [("P3", "assessor-of-same-representative")]
    assert unmet(context(known(), unit_as_assessor=replace(entered, representative=PERSON))) == []


@pytest.mark.rule("P3")
def test_whoever_represents_an_assessor_now_counts_in_whatever_order_the_register_is_read() -> None:
    first, second = changed(PERSON, 2), changed(ANOTHER_PERSON, 3)

    in_order = known().with_representative(first)
    assert unmet(context(in_order)) == [("P3", "assessor-of-same-representative")]
    crossed = known().with_representative(second).with_representative(first)
    assert crossed.representative == in_order.with_representative(second).representative == ANOTHER_PERSON


@pytest.mark.rule("P3")
@pytest.mark.parametrize("code", SPELLINGS)
async def test_a_unit_that_names_itself_in_any_spelling_is_refused_with_the_article(
    applicant: ApiClient, api: ApiHarness[Any], code: str
) -> None:
    itself = assessor_registered().model_copy(update={"assessor_uscc": STEEL.uscc})
    await api.perform(quota.record_assessor, itself)
    named = {"way": "assessor", "assessor_name": ASSESSOR.name, "assessor_uscc": code}
    key = await open_draft_with_report(applicant, **named, lead_author="S1", reviewer="S2")

    answer = await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert answer.status_code == 409
    (reason,) = answer.json()["reasons"]
    assert (reason["rule"], reason["code"], reason["article"]) == ("P3", "own-assessor", "第五条、第二十八条")
    assert reason["text"] == "申报单位不得由本单位作为第三方服务机构评价，应自评价或委托其他第三方服务机构"
    assert (await applicant.put(f"{APPLICATIONS}/{key}/evaluation", json=forms.as_json(forms.report_of()))).is_success


@pytest.mark.rule("P3")
async def test_a_changed_legal_representative_bars_the_assessor_from_that_persons_unit(
    applicant: ApiClient, api: ApiHarness[Any]
) -> None:
    await api.perform(quota.record_assessor, assessor_registered())
    named = {"way": "assessor", "assessor_name": ASSESSOR.name, "assessor_uscc": ASSESSOR.uscc}
    key = await open_draft_with_report(applicant, **named, lead_author="S1", reviewer="S2")
    report = (await api.store().applications.require(key)).report
    assert report is not None
    assert report.representative is not None
    await api.perform(quota.record_representative, changed(report.representative, 2))

    answer = await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert [each["code"] for each in answer.json()["reasons"]] == ["assessor-of-same-representative"]


@pytest.mark.rule("P2")
async def test_an_assessor_reads_only_the_versions_that_rest_on_its_own_report(
    applicant: ApiClient, officer: ApiClient, api: ApiHarness[Any]
) -> None:
    """The first version rests on the one's report and is returned; the second on the other's."""
    one, other = (
        api.client_as(Role.ASSESSOR, organisation=each.uscc, subject=f"of-{each.uscc}") for each in (ASSESSOR, OTHER)
    )
    key = await open_draft(applicant, evaluation=BY_ASSESSOR.model_dump(mode="json"))
    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    assert await numbers(one, key) == (200, [1])
    assert await numbers(other, key) == (404, [])

    etag = (await applicant.get(f"{APPLICATIONS}/{key}")).headers["ETag"]
    named = BY_ASSESSOR.model_copy(update={"assessor": OTHER}).model_dump(mode="json")
    body = {"unit_name": STEEL.name, "level": "region", "batch_year": 2026, "evaluation": named}
    amended = await applicant.put(f"{APPLICATIONS}/{key}", json=body, headers={"If-Match": etag})
    assert amended.status_code == 200, amended.text
    assert (await other.get(f"{APPLICATIONS}/{key}")).status_code == 404, "the draft shows why the first was returned"
    assert (await other.get(APPLICATIONS)).json()["items"] == []

    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    assert await numbers(other, key) == (200, [2])
    assert (await numbers(one, key))[1] == []
    for everything in (applicant, officer, api.client_as(Role.REGIONAL_OFFICER, subject="region-1")):
        assert await numbers(everything, key) == (200, [1, 2])


async def numbers(caller: ApiClient, key: str) -> tuple[int, list[int]]:
    answer = await caller.get(f"{APPLICATIONS}/{key}/versions")
    found = answer.json()["items"] if answer.status_code == 200 else []
    return answer.status_code, [each["number"] for each in found]
