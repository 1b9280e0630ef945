"""The subscriptions of review: which event goes to which handler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chassis.inbox import subscribe
from messages.applications import ApplicationAccepted, ApplicationWithdrawn, CodeRecorded, EligibilityLost
from messages.assessor_quota import (
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    SanctionRevoked,
)
from messages.registry import UnitListed, UnitRemoved

from review.handlers import applications, assessors, codes, units
from review.handlers.ports import Store


def _of_application(event: ApplicationAccepted | ApplicationWithdrawn | EligibilityLost) -> Iterator[tuple[str, str]]:
    yield "cases", event.application_id
    yield "application_statuses", event.application_id


async def _facts_of_case(event: ApplicationAccepted, _store: Store) -> Iterable[tuple[str, str]]:
    """Return the documents that opening a case reads and does not write.

    They are no keys of the first kind, which keep two transactions of a process apart.
    """
    facts = [("unit_statuses", event.unit.uscc)]
    return facts if event.evaluation.assessor is None else [*facts, ("assessors", event.evaluation.assessor.uscc)]


def _of_unit(event: UnitRemoved) -> Iterator[tuple[str, str]]:
    yield "unit_statuses", event.unit.uscc


def _of_listing(event: UnitListed) -> Iterator[tuple[str, str]]:
    yield "cases", event.case_id


def _of_assessor(
    event: AssessorRegistered | AssessorSanctioned | LegalRepresentativeChanged | SanctionRevoked,
) -> Iterator[tuple[str, str]]:
    yield "assessors", event.assessor_uscc


SUBSCRIPTIONS = (
    subscribe(ApplicationAccepted, applications.open_case, _of_application, prefetch_related=_facts_of_case),
    subscribe(ApplicationWithdrawn, applications.close_withdrawn_case, _of_application),
    subscribe(EligibilityLost, applications.stop_ineligible_case, _of_application),
    subscribe(CodeRecorded, codes.keep_code, codes.keys_of_code),
    subscribe(UnitRemoved, units.record_ban, _of_unit),
    subscribe(UnitListed, units.settle_listed_case, _of_listing),
    subscribe(AssessorRegistered, assessors.record_representative, _of_assessor),
    subscribe(LegalRepresentativeChanged, assessors.record_representative, _of_assessor),
    subscribe(AssessorSanctioned, assessors.record_sanction, _of_assessor),
    subscribe(SanctionRevoked, assessors.record_revocation, _of_assessor),
)
