"""Events about one subject in one service's database: published, consumed, parked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import click
from messages.catalogue import EVENTS

from chassis.cli.database import Instant, of_service, run
from chassis.cli.selection import printable, reason_of
from chassis.clock import SystemClock
from chassis.handling import Document, Filter
from chassis.inbox.parking_lot import ParkingLot
from chassis.persistence.mongo import Database, first_object_id_at
from chassis.persistence.system_collections import INBOX, OUTBOX, OUTBOX_RETENTION
from chassis.transactions.work import message_inbox_id

MAX_LINES = 1000
"""Of one kind from one service: one subject has some dozens."""
REASON_LENGTH = 200
_AFTER_ALL = "\uffff"


class TraceLine(NamedTuple):
    """One step; ``at`` is the time of the business clock where the step has one, else real time."""

    at: datetime
    service: str
    kind: str
    what: str
    detail: str = ""
    event_id: str = ""

    def text(self) -> str:
        return f"{self.at:%Y-%m-%dT%H:%M:%S%z}  {self.service:<14}  {self.kind:<9}  {self.what}  {self.detail}".rstrip()


@click.command()
@click.argument("subject")
@click.option("--service", required=True, help="The service whose database it is.")
@click.option("--since", type=Instant(), help="Published at or after this real time; a month ago if left out.")
@of_service
def trace(subject: str, service: str, since: datetime | None, mongo_url: str, database: str) -> None:
    """Show the events about SUBJECT, such as app-2026-…, that this service has published, consumed and parked."""
    found = run(mongo_url, database, lambda opened: events_about(opened, service, subject, since))
    for line in sorted(found):
        click.echo(line.text())


async def events_about(
    database: Database, service: str, subject: str, since: datetime | None = None
) -> list[TraceLine]:
    """Return the events about a subject that the service's own records hold, in no order."""
    begun = since or SystemClock().now() - timedelta(seconds=OUTBOX_RETENTION)
    return [
        *await _published(database, service, subject, begun),
        *await _consumed(database, service, subject),
        *await _parked(database, service, subject),
    ]


async def _published(database: Database, service: str, subject: str, since: datetime) -> list[TraceLine]:
    """Read the outbox by the time of its documents: an index by aggregate would cost every commit of the service."""
    aggregates = sorted({f"{each.aggregate}:{subject}" for each in EVENTS.values() if each.owner == service})
    where: Filter = {"_id": {"$gte": first_object_id_at(since)}, "events.aggregate": {"$in": aggregates}}
    fields = ("events.aggregate", "events.type", "events.headers", "sent", "sent_at")
    found = await database.find(OUTBOX, where, (("_id", 1),), MAX_LINES, fields)
    return [line for document in found for line in _lines_of(document, service, set(aggregates))]


def _lines_of(document: Document, service: str, aggregates: set[str]) -> Iterator[TraceLine]:
    sent = "" if document["sent"] else "not yet confirmed by the broker; "
    for event in document["events"]:
        if event["aggregate"] in aggregates:
            headers: Mapping[str, Any] = event["headers"]
            cause = headers.get("ce-causationid")
            origin = f"because of {cause}" if cause else "by a command or a job"
            detail = f"{sent}{origin}, correlation {headers.get('ce-correlationid')}"
            at = datetime.fromisoformat(headers["ce-time"])
            yield TraceLine(at, service, "published", headers["ce-id"], printable(detail), headers["ce-id"])


async def _consumed(database: Database, service: str, subject: str) -> list[TraceLine]:
    """Read the inbox by the ids of its rows, which begin with the kind of the event and its subject."""
    kinds = sorted({(each.owner, each.aggregate) for each in EVENTS.values()})
    found: list[TraceLine] = []
    for owner, aggregate in kinds:
        first = message_inbox_id(service, f"{owner}:{aggregate}:{subject}:")
        where = {"_id": {"$gte": first, "$lt": first + _AFTER_ALL}}
        rows = await database.find(INBOX, where, (("_id", 1),), MAX_LINES, ("at", "refusal.code"))
        found += [_consumption(row, service) for row in rows]
    return found


def _consumption(row: Document, service: str) -> TraceLine:
    event_id = str(row["_id"]).removeprefix(message_inbox_id(service, ""))
    refused = (row.get("refusal") or {}).get("code")
    return TraceLine(row["at"], service, "consumed", event_id, f"refused: {refused}" if refused else "", event_id)


async def _parked(database: Database, service: str, subject: str) -> list[TraceLine]:
    rows = [row async for row in ParkingLot(database).rows() if f":{subject}:" in row["event_id"]]
    return [
        TraceLine(
            row["first_at"],
            service,
            row["state"],
            printable(row["event_id"]),
            f"parked list: {row['_id']}; {printable(reason_of(row, REASON_LENGTH))}",
            row["event_id"],
        )
        for row in rows
    ]


def in_business_time(lines: Sequence[TraceLine]) -> list[TraceLine]:
    """Return the steps in order, each consumption right after its event.

    A consumption has real time only. Where the event is known it gets that of the event, because a simulated business
    clock would put the two months apart.
    """
    published = {line.event_id: line.at for line in lines if line.kind == "published"}
    timed = [line._replace(at=published.get(line.event_id, line.at)) for line in lines]
    return sorted(timed, key=lambda line: (line.at, line.kind != "published", line.service, line.what))
