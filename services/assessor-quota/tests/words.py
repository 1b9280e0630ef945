"""The assessor's own word, given before the submission in the tests that are about something else (Q5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assessor_quota.bus import SUBSCRIPTIONS
from assessor_quota.domain.application_progress import ApplicationProgress
from assessor_quota.domain.naming import Naming, Word
from assessor_quota.handlers.application_progress import with_progress
from assessor_quota.handlers.items import reserve_item
from assessor_quota.handlers.namings import ConfirmNamings, DenyNaming, NamedApplication
from assessor_quota.store import Store
from chassis.handling import Handler
from messages.applications import ApplicationSubmitted
from messages.event import Event

from .builders import NORTH, OFFICER, STEEL

REASON = "本机构未与该单位签订评价合同。"


async def give_word(submitted: ApplicationSubmitted, store: Store, now: datetime) -> list[Event]:
    """Let the assessor that the submission names have confirmed it, unless it has said something already."""
    if (named := submitted.evaluation.assessor) is not None:
        key = submitted.application_id
        progress = await store.progress.get(key) or ApplicationProgress(key)
        if progress.word_of(named.uscc) is None:
            naming = Naming(named.uscc, submitted.unit.uscc, Word.CONFIRMED, OFFICER, now)
            store.progress.save(key, progress.with_word(naming))
    return []


async def reserve_confirmed(submitted: ApplicationSubmitted, store: Store, now: datetime) -> list[Event]:
    """Handle a submission that the assessor has confirmed before."""
    await give_word(submitted, store, now)
    return await reserve_item(submitted, store, now)


HANDLERS: Mapping[type[Event], Handler[Any, Any]] = {
    **{each.event_type: each.handler for each in SUBSCRIPTIONS},
    ApplicationSubmitted: with_progress(reserve_confirmed),
}
"""The handlers of the subscriptions; every submission was confirmed before."""


def confirmation(*application_ids: str, by: str = NORTH, unit: str = STEEL) -> ConfirmNamings:
    return ConfirmNamings(by, tuple(NamedApplication(each, unit) for each in application_ids), OFFICER)


def denial(application_id: str = "app-1", by: str = NORTH) -> DenyNaming:
    return DenyNaming(by, application_id, REASON, OFFICER)
