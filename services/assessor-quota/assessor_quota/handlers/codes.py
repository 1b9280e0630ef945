"""Keeps the codes that the region has recorded: genuine though their check character fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from messages.applications import CodeRecorded
from messages.event import Event
from messages.values import RecordedCode

from assessor_quota.handlers.ports import Store


async def keep_code(event: CodeRecorded, store: Store, _now: datetime) -> list[Event]:
    code = RecordedCode(uscc=event.uscc, document_number=event.document_number, recorded_on=event.recorded_on)
    if await store.codes.get(code.uscc) is None:
        store.codes.save(code.uscc, code)
    return []


def keys_of_code(event: CodeRecorded) -> Iterator[tuple[str, str]]:
    yield "codes", event.uscc
