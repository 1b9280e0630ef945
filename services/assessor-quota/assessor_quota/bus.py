"""Event to handler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chassis.inbox.subscriptions import Hears, hears
from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn
from messages.registry import UnitListed
from messages.review import Case, CaseClosed, InitialReviewAccepted, InitialReviewRefused

from assessor_quota import handlers
from assessor_quota.handlers.courses import note_listing, noted
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
    return [("ledgers", key) for key in await handlers.ledgers_wanted(submitted, store)]


HEARS: tuple[Hears, ...] = (
    hears(ApplicationSubmitted, noted(handlers.reserve_item), Store, reads=_of_submission, then=_ledgers_wanted),
    hears(ApplicationWithdrawn, noted(handlers.release_item), Store, reads=_of_application),
    hears(ApplicationRefused, noted(handlers.release_item), Store, reads=_of_application),
    hears(InitialReviewAccepted, noted(handlers.confirm_item), Store, reads=_of_case),
    hears(InitialReviewRefused, noted(handlers.release_closed), Store, reads=_of_case),
    hears(CaseClosed, noted(handlers.release_closed), Store, reads=_of_case),
    hears(UnitListed, note_listing, Store, reads=_of_listing),
)
