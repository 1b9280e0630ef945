"""The subscriptions of review: which event goes to which handler."""

from __future__ import annotations

from collections.abc import Iterator

from chassis.inbox import subscribe
from messages.applications import ApplicationAccepted, ApplicationWithdrawn, EligibilityLost
from messages.assessor_quota import (
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    SanctionRevoked,
)
from messages.registry import UnitListed, UnitRemoved

from review.handlers import applications, assessors, units


def _of_application(event: ApplicationAccepted | ApplicationWithdrawn | EligibilityLost) -> Iterator[tuple[str, str]]:
    yield "cases", event.application_id
    yield "unit_statuses", event.unit.uscc
    if event.evaluation.assessor is not None:
        yield "assessors", event.evaluation.assessor.uscc


def _of_unit(event: UnitRemoved) -> Iterator[tuple[str, str]]:
    yield "unit_statuses", event.unit.uscc


def _of_listing(event: UnitListed) -> Iterator[tuple[str, str]]:
    yield "cases", event.case_id


def _of_assessor(
    event: AssessorRegistered | AssessorSanctioned | LegalRepresentativeChanged | SanctionRevoked,
) -> Iterator[tuple[str, str]]:
    yield "assessors", event.assessor_uscc


SUBSCRIPTIONS = (
    subscribe(ApplicationAccepted, applications.open_case, _of_application),
    subscribe(ApplicationWithdrawn, applications.close_withdrawn_case, _of_application),
    subscribe(EligibilityLost, applications.stop_ineligible_case, _of_application),
    subscribe(UnitRemoved, units.stop_cases_of_removed_unit, _of_unit),
    subscribe(UnitListed, units.settle_listed_case, _of_listing),
    subscribe(AssessorRegistered, assessors.record_representative, _of_assessor),
    subscribe(LegalRepresentativeChanged, assessors.record_representative, _of_assessor),
    subscribe(AssessorSanctioned, assessors.suspend_cases_of_sanctioned_assessor, _of_assessor),
    subscribe(SanctionRevoked, assessors.resume_cases_of_cleared_assessor, _of_assessor),
)
