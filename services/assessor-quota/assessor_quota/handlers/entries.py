"""Entries of the register, written in the transaction of what they record."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import ActorRef, EntryKind, RegisterEntry
from assessor_quota.handlers.ports import Store


def append_entry(  # noqa: PLR0913 - the parts of an entry
    store: Store,
    assessor: Assessor,
    what: EntryKind,
    by: ActorRef,
    now: datetime,
    *,
    on: date,
    document_number: str | None = None,
    changed: tuple[str, ...] = (),
) -> Assessor:
    """Save the assessor with one entry more; two at once conflict on the assessor, so no number is given twice."""
    numbered = replace(assessor, entries=assessor.entries + 1)
    entry = RegisterEntry(numbered.uscc, numbered.entries, what, now, on, by, document_number, changed)
    store.assessors.save(numbered.uscc, numbered)
    store.entries.save(entry.key, entry)
    return numbered
