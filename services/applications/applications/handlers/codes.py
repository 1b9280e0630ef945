"""Records a code that fails its check, so that every service lets it be entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Done
from messages.values import RecordedCode
from rulebook import shanghai_date

from applications.domain import codes
from applications.handlers.ports import Store


@dataclass(frozen=True)
class RecordCode:
    uscc: str
    document_number: str


async def record_code(command: RecordCode, store: Store, now: datetime) -> Done:
    codes.require_failing(command.uscc)
    if (known := await store.codes.get(command.uscc)) is not None:
        raise codes.code_taken(known)
    event = codes.recorded_event(command.uscc, command.document_number, shanghai_date(now))
    recorded = RecordedCode(uscc=event.uscc, document_number=event.document_number, recorded_on=event.recorded_on)
    store.codes.save(recorded.uscc, recorded)
    return Done([event], recorded)
