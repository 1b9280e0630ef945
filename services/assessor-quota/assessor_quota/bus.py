"""Event to handler."""

from __future__ import annotations

from collections.abc import Iterator

from chassis.bus import Hears, hears
from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn
from messages.review import Case, CaseClosed, InitialReviewAccepted, InitialReviewRefused

from assessor_quota import handlers
from assessor_quota.store import Store


def _of_submission(submitted: ApplicationSubmitted) -> Iterator[tuple[str, str]]:
    """The ledger is found through the assessor, so it cannot be named ahead."""
    if (assessor := submitted.evaluation.assessor) is not None:
        yield "items", submitted.application_id
        yield "assessors", assessor.uscc


def _of_application(end: ApplicationWithdrawn | ApplicationRefused) -> Iterator[tuple[str, str]]:
    if end.evaluation.assessor is not None:
        yield "items", end.application_id


def _of_case(case: Case) -> Iterator[tuple[str, str]]:
    if case.assessor is not None:
        yield "items", case.case_id


HEARS: tuple[Hears, ...] = (
    hears(ApplicationSubmitted, handlers.reserve_item, Store, reads=_of_submission),
    hears(ApplicationWithdrawn, handlers.release_item, Store, reads=_of_application),
    hears(ApplicationRefused, handlers.release_item, Store, reads=_of_application),
    hears(InitialReviewAccepted, handlers.confirm_item, Store, reads=_of_case),
    hears(InitialReviewRefused, handlers.release_closed, Store, reads=_of_case),
    hears(CaseClosed, handlers.release_closed, Store, reads=_of_case),
)
