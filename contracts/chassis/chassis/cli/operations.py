"""Commands on one service: list, show, replay and discard parked messages; republish outbox entries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import orjson
import typer
from rich.console import Console
from rich.table import Column, Table

from chassis.handling import Document
from chassis.inbox.parking_lot import STATES, WAITING, NotParkedError, ParkingLot
from chassis.outbox.republish import republish_since
from chassis.persistence.mongo import Database, open_database

T = TypeVar("T")

parked = typer.Typer(no_args_is_help=True, help="Messages that could not be handled.")
outbox = typer.Typer(no_args_is_help=True, help="Events that this service has published.")

MongoUrl = Annotated[str, typer.Option("--mongo-url", envvar="GREEN_MONGO_URL", help="With user and password.")]
DatabaseName = Annotated[str, typer.Option("--database", envvar="GREEN_DATABASE")]
Operator = Annotated[str, typer.Option("--by", envvar="USER", help="The operator; recorded in the history.")]
Identifier = Annotated[str, typer.Argument(help="The id that `list` shows.")]

console = Console()


@parked.command("list")
def list_parked(
    mongo_url: MongoUrl,
    database: DatabaseName,
    show_all: Annotated[bool, typer.Option("--all", help="Include replayed and discarded messages.")] = False,  # noqa: FBT002
    limit: int = 100,
) -> None:
    """List messages that wait for an operator or for another attempt, oldest first."""
    found = _run(mongo_url, database, lambda opened: ParkingLot(opened).list(STATES if show_all else WAITING, limit))
    table = Table(Column("id", no_wrap=True), "type", "event", "state", "attempts", "first seen", "last seen", "reason")
    for document in found:
        table.add_row(*_row(document))
    console.print(table if found else "nothing is parked")


@parked.command("show")
def show_parked(key: Identifier, mongo_url: MongoUrl, database: DatabaseName) -> None:
    """Show one message with its body, its reason and its history."""
    found = _run(mongo_url, database, lambda opened: ParkingLot(opened).get(key))
    body = bytes(found.pop("body")).decode(errors="replace")
    typer.echo(orjson.dumps({**found, "body": body}, option=orjson.OPT_INDENT_2, default=str).decode())


@parked.command("replay")
def replay_parked(key: Identifier, mongo_url: MongoUrl, database: DatabaseName, by: Operator) -> None:
    """Ask the service to dispatch the message again."""
    _run(mongo_url, database, lambda opened: ParkingLot(opened).request_replay(key, by))
    typer.echo(f"{key}: the service will dispatch it again")


@parked.command("discard")
def discard_parked(
    key: Identifier,
    mongo_url: MongoUrl,
    database: DatabaseName,
    by: Operator,
    why: Annotated[str, typer.Option("--why", help="Recorded with the message.")],
) -> None:
    """Discard a message; it can still be shown and replayed."""
    _run(mongo_url, database, lambda opened: ParkingLot(opened).discard(key, by, why))
    typer.echo(f"{key}: discarded")


@outbox.command("republish")
def republish_outbox(
    mongo_url: MongoUrl,
    database: DatabaseName,
    by: Operator,
    since: Annotated[datetime, typer.Option("--since", help="Published at or after this instant (UTC).")],
) -> None:
    """Republish outbox entries since an instant, to refill a broker; consumers drop the events they have handled."""
    count = _run(mongo_url, database, lambda opened: republish_since(opened, since, by))
    typer.echo(f"{count} outbox documents will be republished")


def _row(document: Document) -> list[str]:
    times = [document[name].isoformat(timespec="seconds") for name in ("first_at", "last_at")]
    fields = [str(document[name]) for name in ("_id", "type", "event_id", "state", "attempts")]
    return [*fields, *times, document["reason"]]


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
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from problem
