"""Event to handler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chassis.inbox.subscriptions import Subscription, subscribe
from messages import assessor_quota, registry, review

from applications import handlers


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


SUBSCRIPTIONS: tuple[Subscription[Any], ...] = (
    subscribe(assessor_quota.QuotaItemReserved, handlers.accept_reserved, prefetch=_of_item),
    subscribe(assessor_quota.QuotaItemRefused, handlers.refuse_unreserved, prefetch=_of_item),
    subscribe(assessor_quota.AssessorRegistered, handlers.record_assessor, prefetch=_of_assessor),
    subscribe(assessor_quota.AssessorAmended, handlers.record_assessor, prefetch=_of_assessor),
    subscribe(assessor_quota.LegalRepresentativeChanged, handlers.know_assessor_name, prefetch=_of_assessor),
    subscribe(assessor_quota.AssessorSanctioned, handlers.know_sanction),
    subscribe(assessor_quota.SanctionRevoked, handlers.know_sanction),
    subscribe(registry.UnitListed, handlers.record_listing, prefetch=_of_listing),
    subscribe(registry.UnitRemoved, handlers.record_removal, prefetch=_of_removal),
    subscribe(review.CaseOpened, handlers.follow_case, prefetch=_of_case),
    subscribe(review.ConsultationOpened, handlers.follow_case, prefetch=_of_case),
    subscribe(review.ConsultationAnswered, handlers.follow_case, prefetch=_of_case),
    subscribe(review.InitialReviewAccepted, handlers.follow_case, prefetch=_of_case),
    subscribe(review.InitialReviewRefused, handlers.follow_refusal, prefetch=_of_case),
    subscribe(review.OpinionIssued, handlers.follow_case, prefetch=_of_case),
    subscribe(review.CaseForwarded, handlers.follow_forwarding, prefetch=_of_whole_case),
    subscribe(review.PanelAppointed, handlers.follow_case, prefetch=_of_case),
    subscribe(review.PanelDissolved, handlers.follow_case, prefetch=_of_case),
    subscribe(review.SiteVerificationOrdered, handlers.follow_case, prefetch=_of_case),
    subscribe(review.SiteVerificationRecorded, handlers.follow_case, prefetch=_of_case),
    subscribe(review.PublicNoticeOpened, handlers.follow_notice, prefetch=_of_notice),
    subscribe(review.CaseSuspended, handlers.follow_case, prefetch=_of_case),
    subscribe(review.CaseResumed, handlers.follow_case, prefetch=_of_case),
    subscribe(review.ObjectionLodged, handlers.follow_case, prefetch=_of_case),
    subscribe(review.ObjectionResolved, handlers.follow_case, prefetch=_of_case),
    subscribe(review.CaseCleared, handlers.follow_case, prefetch=_of_case),
    subscribe(review.CaseClosed, handlers.follow_closing, prefetch=_of_whole_case),
)
