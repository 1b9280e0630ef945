"""Event to handler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chassis.inbox.subscriptions import Subscription, subscribe
from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn
from messages.registry import UnitListed
from messages.review import Case, CaseClosed, InitialReviewAccepted, InitialReviewRefused

from assessor_quota import handlers
from assessor_quota.handlers.application_progress import record_listing, with_progress
from assessor_quota.store import Store


def _of_submission(submitted: ApplicationSubmitted) -> Iterator[tuple[str, str]]:
    yield "courses", submitted.application_id
    if (assessor := submitted.evaluation.assessor) is not None:
        yield "items", submitted.application_id
        yield "assessors", assessor.uscc


def _of_application(end: ApplicationWithdrawn | ApplicationRefused) -> Iterator[tuple[str, str]]:
    if end.evaluation.assessor is not None:
        yield "items", end.application_id
        yield "courses", end.application_id


def _of_case(case: Case) -> Iterator[tuple[str, str]]:
    if case.assessor is not None:
        yield "items", case.case_id
        yield "courses", case.case_id


def _of_listing(listed: UnitListed) -> Iterator[tuple[str, str]]:
    yield "courses", listed.case_id


async def _ledgers_wanted(submitted: ApplicationSubmitted, store: Store) -> Iterable[tuple[str, str]]:
    """Found through the assessor; with a question for each message ten thousand of them went at half the speed."""
    return [("ledgers", key) for key in await handlers.prefetch_ledgers(submitted, store)]


SUBSCRIPTIONS: tuple[Subscription[Any], ...] = (
    subscribe(
        ApplicationSubmitted,
        with_progress(handlers.reserve_item),
        prefetch=_of_submission,
        prefetch_related=_ledgers_wanted,
    ),
    subscribe(ApplicationWithdrawn, with_progress(handlers.release_item), prefetch=_of_application),
    subscribe(ApplicationRefused, with_progress(handlers.release_item), prefetch=_of_application),
    subscribe(InitialReviewAccepted, with_progress(handlers.confirm_item), prefetch=_of_case),
    subscribe(InitialReviewRefused, with_progress(handlers.release_closed), prefetch=_of_case),
    subscribe(CaseClosed, with_progress(handlers.release_closed), prefetch=_of_case),
    subscribe(UnitListed, record_listing, prefetch=_of_listing),
)
