"""Subscriptions: the handler of each event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chassis.inbox import Subscription, subscribe
from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn
from messages.registry import UnitListed
from messages.review import Case, CaseClosed, InitialReviewAccepted, InitialReviewRefused

from assessor_quota.handlers import items
from assessor_quota.handlers.application_progress import record_listing, with_progress
from assessor_quota.store import Store


def _prefetch_submission(submitted: ApplicationSubmitted) -> Iterator[tuple[str, str]]:
    yield "progress", submitted.application_id
    if (assessor := submitted.evaluation.assessor) is not None:
        yield "items", submitted.application_id
        yield "assessors", assessor.uscc


def _prefetch_application_end(end: ApplicationWithdrawn | ApplicationRefused) -> Iterator[tuple[str, str]]:
    if end.evaluation.assessor is not None:
        yield "items", end.application_id
        yield "progress", end.application_id


def _prefetch_case(case: Case) -> Iterator[tuple[str, str]]:
    if case.assessor is not None:
        yield "items", case.case_id
        yield "progress", case.case_id


def _prefetch_listing(listed: UnitListed) -> Iterator[tuple[str, str]]:
    yield "progress", listed.case_id


async def _prefetch_ledgers(submitted: ApplicationSubmitted, store: Store) -> Iterable[tuple[str, str]]:
    """Return the ledgers of the assessor; one query for each message halved the rate of ten thousand of them."""
    return [("ledgers", key) for key in await items.prefetch_ledgers(submitted, store)]


SUBSCRIPTIONS: tuple[Subscription[Any], ...] = (
    subscribe(
        ApplicationSubmitted,
        with_progress(items.reserve_item),
        prefetch=_prefetch_submission,
        prefetch_related=_prefetch_ledgers,
    ),
    subscribe(ApplicationWithdrawn, with_progress(items.release_item), prefetch=_prefetch_application_end),
    subscribe(ApplicationRefused, with_progress(items.release_item), prefetch=_prefetch_application_end),
    subscribe(InitialReviewAccepted, with_progress(items.confirm_item), prefetch=_prefetch_case),
    subscribe(InitialReviewRefused, with_progress(items.release_closed), prefetch=_prefetch_case),
    subscribe(CaseClosed, with_progress(items.release_closed), prefetch=_prefetch_case),
    subscribe(UnitListed, record_listing, prefetch=_prefetch_listing),
)
