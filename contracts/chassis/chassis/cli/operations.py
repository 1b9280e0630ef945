"""Commands on one service: list, show, replay and discard parked messages; republish outbox entries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click
import orjson

from chassis.handling import Document
from chassis.inbox.parking_lot import STATES, WAITING, NotParkedError, ParkingLot
from chassis.outbox.republish import republish_since
from chassis.persistence.mongo import Database, open_database

T = TypeVar("T")
Command = Callable[..., Any]

COLUMNS = ("id", "type", "event", "state", "attempts", "first seen", "last seen", "reason")


def _of_service(command: Command) -> Command:
    """Add the options that name the service's database."""
    database = click.option("--database", envvar="GREEN_DATABASE", show_envvar=True, required=True)
    url = click.option(
        "--mongo-url", envvar="GREEN_MONGO_URL", show_envvar=True, required=True, help="With user and password."
    )
    return url(database(command))


_operator = click.option(
    "--by", envvar="USER", show_envvar=True, required=True, help="The operator; recorded in the history."
)


@click.group(no_args_is_help=True)
def parked() -> None:
    """Messages that could not be handled; KEY is the id that `list` shows."""


@click.group(no_args_is_help=True)
def outbox() -> None:
    """Events that this service has published."""


@parked.command("list")
@click.option("--all", "show_all", is_flag=True, help="Include replayed and discarded messages.")
@click.option("--limit", default=100, show_default=True)
@_of_service
def list_parked(mongo_url: str, database: str, *, show_all: bool, limit: int) -> None:
    """List messages that wait for an operator or for another attempt, oldest first."""
    found = _run(mongo_url, database, lambda opened: ParkingLot(opened).list(STATES if show_all else WAITING, limit))
    click.echo("\n".join(_table([COLUMNS, *map(_row, found)])) if found else "nothing is parked")


@parked.command("show")
@click.argument("key")
@_of_service
def show_parked(key: str, mongo_url: str, database: str) -> None:
    """Show one message with its body, its reason and its history."""
    found = _run(mongo_url, database, lambda opened: ParkingLot(opened).get(key))
    body = bytes(found.pop("body")).decode(errors="replace")
    click.echo(orjson.dumps({**found, "body": body}, option=orjson.OPT_INDENT_2, default=str).decode())


@parked.command("replay")
@click.argument("key")
@_operator
@_of_service
def replay_parked(key: str, mongo_url: str, database: str, by: str) -> None:
    """Ask the service to dispatch the message again."""
    _run(mongo_url, database, lambda opened: ParkingLot(opened).request_replay(key, by))
    click.echo(f"{key}: the service will dispatch it again")


@parked.command("discard")
@click.argument("key")
@click.option("--why", required=True, help="Recorded with the message.")
@_operator
@_of_service
def discard_parked(key: str, mongo_url: str, database: str, by: str, why: str) -> None:
    """Discard a message; it can still be shown and replayed."""
    _run(mongo_url, database, lambda opened: ParkingLot(opened).discard(key, by, why))
    click.echo(f"{key}: discarded")


@outbox.command("republish")
@click.option("--since", type=click.DateTime(), required=True, help="Published at or after this instant (UTC).")
@_operator
@_of_service
def republish_outbox(mongo_url: str, database: str, by: str, since: datetime) -> None:
    """Republish outbox entries since an instant, to refill a broker; consumers drop the events they have handled."""
    count = _run(mongo_url, database, lambda opened: republish_since(opened, since, by))
    click.echo(f"{count} outbox documents will be republished")


def _row(document: Document) -> Sequence[str]:
    times = [document[name].isoformat(timespec="seconds") for name in ("first_at", "last_at")]
    fields = [str(document[name]) for name in ("_id", "type", "event_id", "state", "attempts")]
    return [*fields, *times, document["reason"]]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines whose columns are as wide as their longest text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _run(url: str, name: str, action: Callable[[Database], Awaitable[T]]) -> T:
    async def run_with_database() -> T:
        database = open_database(url, name, "pymongo")
        try:
            return await action(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run_with_database())
    except NotParkedError as problem:
        raise click.ClickException(str(problem)) from problem
