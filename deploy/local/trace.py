"""Follows one application through the five services, by what each of their databases recorded itself."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from chassis.cli.trace import MAX_LINES, TraceLine, events_about, in_business_time
from chassis.handling import Document
from chassis.persistence.mongo import Database, open_database
from rulebook import SHANGHAI

from deploy.services import SERVICES, Service


class Records(NamedTuple):
    """Documents of one service about an application: where they lie, and which of their fields a trace shows."""

    collection: str
    key: str
    """Path that holds the application's identifier."""
    order: str
    at: str
    kind: str
    shown: tuple[str, ...]
    """Paths; none that holds a person's name, an address or a text of somebody's own."""


RECORDS: Mapping[str, Sequence[Records]] = {
    "applications": (
        Records("versions", "application.application_id", "number", "submitted_at", "version", ("number",)),
    ),
    "review": (Records("records", "case_id", "number", "at", "record", ("number", "action", "role", "rule")),),
    "notify": (Records("notices", "subject", "at", "at", "notice", ("title", "role", "prefecture")),),
}


class UnknownApplicationError(RuntimeError):
    """No service has recorded anything of it."""


async def trace(application: str, access: Mapping[str, tuple[str, str]]) -> list[TraceLine]:
    """Return every step in order; ``access`` names each service's database and an address that may read it.

    Each database is read with the service's own user, which sees no other.
    """
    parts = await asyncio.gather(*(_part(service, application, *access[service.name]) for service in SERVICES))
    found = in_business_time([line for part in parts for line in part])
    if not found:
        raise UnknownApplicationError(f"no service has recorded anything of {application}")
    return found


async def _part(service: Service, application: str, url: str, name: str) -> list[TraceLine]:
    database = open_database(url, name, "pymongo")
    try:
        lines = await events_about(database, service.name, application)
        for records in RECORDS.get(service.name, ()):
            lines += await _recorded(database, service.name, records, application)
    finally:
        await database.close()
    return lines


async def _recorded(database: Database, service: str, records: Records, application: str) -> list[TraceLine]:
    fields = (records.at, *records.shown)
    where, order = {records.key: application}, ((records.order, 1),)
    found = await database.find(records.collection, where, order, MAX_LINES, fields)
    return [_line(document, service, records) for document in found]


def _line(document: Document, service: str, records: Records) -> TraceLine:
    at: Any = document[records.at]
    shown = [str(value) for path in records.shown if (value := document.get(path)) is not None]
    when = datetime.fromisoformat(at) if isinstance(at, str) else at
    return TraceLine(when, service, records.kind, " · ".join(shown))


def texts(lines: Sequence[TraceLine]) -> Iterator[str]:
    """Yield the steps as they are shown, in the time of Shanghai."""
    for line in lines:
        yield line._replace(at=line.at.astimezone(SHANGHAI)).text()
