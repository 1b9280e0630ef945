"""Event to handler."""

from __future__ import annotations

from collections.abc import Iterator

from chassis.inbox.subscriptions import Hears, hears
from messages import assessor_quota, registry, review

from applications import handlers
from applications.store import Store


def _of_item(item: assessor_quota.Item) -> Iterator[tuple[str, str]]:
    yield "applications", item.application_id


def _of_assessor(
    event: (
        assessor_quota.AssessorRegistered | assessor_quota.AssessorAmended | assessor_quota.LegalRepresentativeChanged
    ),
) -> Iterator[tuple[str, str]]:
    yield "assessors", event.assessor_uscc


def _of_case(case: review.Case) -> Iterator[tuple[str, str]]:
    yield "applications", case.case_id


def _of_whole_case(case: review.CaseForwarded | review.CaseClosed) -> Iterator[tuple[str, str]]:
    yield "applications", case.case_id
    yield "standings", case.unit.uscc


def _of_notice(event: review.PublicNoticeOpened) -> Iterator[tuple[str, str]]:
    return (("applications", line.case_id) for line in event.lines)


def _of_listing(event: registry.UnitListed) -> Iterator[tuple[str, str]]:
    yield "standings", event.unit.uscc
    yield "applications", event.case_id


def _of_removal(event: registry.UnitRemoved) -> Iterator[tuple[str, str]]:
    yield "standings", event.unit.uscc


HEARS: tuple[Hears, ...] = (
    hears(assessor_quota.QuotaItemReserved, handlers.accept_reserved, Store, reads=_of_item),
    hears(assessor_quota.QuotaItemRefused, handlers.refuse_unreserved, Store, reads=_of_item),
    hears(assessor_quota.AssessorRegistered, handlers.know_assessor, Store, reads=_of_assessor),
    hears(assessor_quota.AssessorAmended, handlers.know_assessor, Store, reads=_of_assessor),
    hears(assessor_quota.LegalRepresentativeChanged, handlers.know_assessor_name, Store, reads=_of_assessor),
    hears(assessor_quota.AssessorSanctioned, handlers.know_sanction, Store),
    hears(assessor_quota.SanctionRevoked, handlers.know_sanction, Store),
    hears(registry.UnitListed, handlers.know_listing, Store, reads=_of_listing),
    hears(registry.UnitRemoved, handlers.know_removal, Store, reads=_of_removal),
    hears(review.CaseOpened, handlers.follow_case, Store, reads=_of_case),
    hears(review.ConsultationOpened, handlers.follow_case, Store, reads=_of_case),
    hears(review.ConsultationAnswered, handlers.follow_case, Store, reads=_of_case),
    hears(review.InitialReviewAccepted, handlers.follow_case, Store, reads=_of_case),
    hears(review.InitialReviewRefused, handlers.follow_refusal, Store, reads=_of_case),
    hears(review.OpinionIssued, handlers.follow_case, Store, reads=_of_case),
    hears(review.CaseForwarded, handlers.follow_forwarding, Store, reads=_of_whole_case),
    hears(review.PanelAppointed, handlers.follow_case, Store, reads=_of_case),
    hears(review.PanelDissolved, handlers.follow_case, Store, reads=_of_case),
    hears(review.SiteVerificationOrdered, handlers.follow_case, Store, reads=_of_case),
    hears(review.SiteVerificationRecorded, handlers.follow_case, Store, reads=_of_case),
    hears(review.PublicNoticeOpened, handlers.follow_notice, Store, reads=_of_notice),
    hears(review.CaseSuspended, handlers.follow_case, Store, reads=_of_case),
    hears(review.CaseResumed, handlers.follow_case, Store, reads=_of_case),
    hears(review.ObjectionLodged, handlers.follow_case, Store, reads=_of_case),
    hears(review.ObjectionResolved, handlers.follow_case, Store, reads=_of_case),
    hears(review.CaseCleared, handlers.follow_case, Store, reads=_of_case),
    hears(review.CaseClosed, handlers.follow_closing, Store, reads=_of_whole_case),
)
