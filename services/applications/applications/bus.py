"""Event to handler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chassis.inbox import Subscription, subscribe
from messages import assessor_quota, registry, review

from applications.handlers import listings, progress, quota

_PROGRESS = "progress"
"""The queue of review's events, with one active consumer: review opens a case and its consultation in one commit, and
two workers that each had one of the two events wrote the same application; 19 of 89 commits conflicted."""


def _keys_of_item(item: assessor_quota.Item | assessor_quota.NamingDenied) -> Iterator[tuple[str, str]]:
    yield "applications", item.application_id


def _keys_of_assessor(
    event: (
        assessor_quota.AssessorRegistered
        | assessor_quota.AssessorAmended
        | assessor_quota.LegalRepresentativeChanged
        | assessor_quota.AssessorSanctioned
        | assessor_quota.SanctionRevoked
    ),
) -> Iterator[tuple[str, str]]:
    yield "assessors", event.assessor_uscc


def _keys_of_case(case: review.Case) -> Iterator[tuple[str, str]]:
    yield "applications", case.case_id


def _keys_of_whole_case(case: review.CaseForwarded | review.CaseClosed) -> Iterator[tuple[str, str]]:
    yield "applications", case.case_id
    yield "standings", case.unit.uscc


def _keys_of_listing(event: registry.UnitListed) -> Iterator[tuple[str, str]]:
    yield "standings", event.unit.uscc
    yield "applications", event.case_id


def _keys_of_removal(event: registry.UnitRemoved) -> Iterator[tuple[str, str]]:
    yield "standings", event.unit.uscc


SUBSCRIPTIONS: tuple[Subscription[Any], ...] = (
    subscribe(
        assessor_quota.QuotaItemReserved,
        quota.accept_with_item,
        prefetch=_keys_of_item,
        prefetch_related=quota.keys_of_accepting,
    ),
    subscribe(
        assessor_quota.QuotaItemRefused,
        quota.refuse_without_item,
        prefetch=_keys_of_item,
        prefetch_related=quota.keys_of_returning,
    ),
    subscribe(assessor_quota.NamingRequested, quota.await_word, prefetch=_keys_of_item),
    subscribe(
        assessor_quota.NamingDenied,
        quota.stop_denied,
        prefetch=_keys_of_item,
        prefetch_related=quota.keys_of_returning,
    ),
    subscribe(assessor_quota.AssessorRegistered, quota.record_assessor, prefetch=_keys_of_assessor),
    subscribe(assessor_quota.AssessorAmended, quota.record_assessor, prefetch=_keys_of_assessor),
    subscribe(assessor_quota.LegalRepresentativeChanged, quota.record_representative, prefetch=_keys_of_assessor),
    subscribe(assessor_quota.AssessorSanctioned, quota.record_sanction, prefetch=_keys_of_assessor),
    subscribe(assessor_quota.SanctionRevoked, quota.record_sanction, prefetch=_keys_of_assessor),
    subscribe(registry.UnitListed, listings.record_listing, prefetch=_keys_of_listing),
    subscribe(
        registry.UnitRemoved,
        listings.record_removal,
        prefetch=_keys_of_removal,
        prefetch_related=listings.keys_of_stopping,
    ),
    *(subscribe(event, progress.follow_case, prefetch=_keys_of_case, queue=_PROGRESS) for event in progress.FOLLOWED),
    subscribe(review.InitialReviewRefused, progress.follow_refusal, prefetch=_keys_of_case, queue=_PROGRESS),
    subscribe(
        review.CaseForwarded,
        progress.follow_forwarding,
        prefetch=_keys_of_whole_case,
        prefetch_related=progress.keys_of_intake,
        queue=_PROGRESS,
    ),
    subscribe(review.PublicNoticeEntered, progress.follow_notice, prefetch=_keys_of_case, queue=_PROGRESS),
    subscribe(review.CaseClosed, progress.follow_closing, prefetch=_keys_of_whole_case, queue=_PROGRESS),
)
