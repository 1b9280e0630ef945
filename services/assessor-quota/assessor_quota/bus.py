"""Subscriptions: the handler of each event, and what a batch of them reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chassis.inbox import Subscription, subscribe
from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn, CodeRecorded
from messages.registry import UnitListed
from messages.review import Case, CaseClosed, InitialReviewAccepted, InitialReviewRefused

from assessor_quota.handlers import codes, items
from assessor_quota.handlers.application_progress import record_listing, with_progress
from assessor_quota.store import Store

LEDGER_QUEUE = "ledgers"
"""The queue of everything that writes a ledger: one process consumes it at a time. A ledger is the rule itself, and
processes that share one would repeat each other's batches (decision 0029)."""


def _prefetch_submission(submitted: ApplicationSubmitted) -> Iterator[tuple[str, str]]:
    yield "progress", submitted.application_id
    if (assessor := submitted.evaluation.assessor) is not None:
        yield "items", submitted.application_id
        yield "assessors", assessor.uscc


def _prefetch_application_end(end: ApplicationWithdrawn | ApplicationRefused) -> Iterator[tuple[str, str]]:
    """Name the assessor as well: its events then never run in two transactions of the process at once."""
    if (assessor := end.evaluation.assessor) is not None:
        yield "items", end.application_id
        yield "progress", end.application_id
        yield "assessors", assessor.uscc


def _prefetch_case(case: Case) -> Iterator[tuple[str, str]]:
    if case.assessor is not None:
        yield "items", case.case_id
        yield "progress", case.case_id
        yield "assessors", case.assessor.uscc


def _prefetch_listing(listed: UnitListed) -> Iterator[tuple[str, str]]:
    yield "progress", listed.case_id


async def _ledgers_of_submission(submitted: ApplicationSubmitted, store: Store) -> Iterable[tuple[str, str]]:
    return [("ledgers", key) for key in await items.ledgers_of_submission(submitted, store)]


async def _ledgers_of_application(
    end: ApplicationWithdrawn | ApplicationRefused, store: Store
) -> Iterable[tuple[str, str]]:
    return [("ledgers", key) for key in await items.ledgers_of_item(end.application_id, store)]


async def _ledgers_of_case(case: Case, store: Store) -> Iterable[tuple[str, str]]:
    return [("ledgers", key) for key in await items.ledgers_of_item(case.case_id, store)]


SUBSCRIPTIONS: tuple[Subscription[Any], ...] = (
    subscribe(CodeRecorded, codes.keep_code, prefetch=codes.keys_of_code),
    subscribe(
        ApplicationSubmitted,
        with_progress(items.reserve_item),
        prefetch=_prefetch_submission,
        prefetch_related=_ledgers_of_submission,
        queue=LEDGER_QUEUE,
    ),
    subscribe(
        ApplicationWithdrawn,
        with_progress(items.release_item),
        prefetch=_prefetch_application_end,
        prefetch_related=_ledgers_of_application,
        queue=LEDGER_QUEUE,
    ),
    subscribe(
        ApplicationRefused,
        with_progress(items.release_item),
        prefetch=_prefetch_application_end,
        prefetch_related=_ledgers_of_application,
        queue=LEDGER_QUEUE,
    ),
    subscribe(
        InitialReviewAccepted,
        with_progress(items.confirm_item),
        prefetch=_prefetch_case,
        prefetch_related=_ledgers_of_case,
        queue=LEDGER_QUEUE,
    ),
    subscribe(
        InitialReviewRefused,
        with_progress(items.release_closed),
        prefetch=_prefetch_case,
        prefetch_related=_ledgers_of_case,
        queue=LEDGER_QUEUE,
    ),
    subscribe(
        CaseClosed,
        with_progress(items.release_closed),
        prefetch=_prefetch_case,
        prefetch_related=_ledgers_of_case,
        queue=LEDGER_QUEUE,
    ),
    subscribe(UnitListed, record_listing, prefetch=_prefetch_listing),
)
