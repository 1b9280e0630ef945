"""Commands for operators: parked messages, and saying again what was said."""

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
outbox = typer.Typer(no_args_is_help=True, help="What this service has said.")

MongoUrl = Annotated[str, typer.Option("--mongo-url", envvar="GREEN_MONGO_URL", help="With user and password.")]
DatabaseName = Annotated[str, typer.Option("--database", envvar="GREEN_DATABASE")]
Operator = Annotated[str, typer.Option("--by", envvar="USER", help="Who asks; recorded with the message.")]
Identifier = Annotated[str, typer.Argument(help="As the list shows it.")]

console = Console()


@parked.command("list")
def list_parked(
    mongo_url: MongoUrl,
    database: DatabaseName,
    every: Annotated[bool, typer.Option("--all", help="Replayed and discarded ones as well.")] = False,  # noqa: FBT002
    limit: int = 100,
) -> None:
    """List what waits for an operator or for another try, oldest first."""
    found = _run(mongo_url, database, lambda it: ParkingLot(it).list(STATES if every else WAITING, limit))
    table = Table(Column("id", no_wrap=True), "type", "event", "state", "attempts", "first seen", "last seen", "reason")
    for each in found:
        table.add_row(*_row(each))
    console.print(table if found else "nothing is parked")


@parked.command("show")
def show_parked(key: Identifier, mongo_url: MongoUrl, database: DatabaseName) -> None:
    """Show one message with its body, its reason and all that was done about it."""
    found = _run(mongo_url, database, lambda it: ParkingLot(it).get(key))
    body = bytes(found.pop("body")).decode(errors="replace")
    typer.echo(orjson.dumps({**found, "body": body}, option=orjson.OPT_INDENT_2, default=str).decode())


@parked.command("replay")
def replay_parked(key: Identifier, mongo_url: MongoUrl, database: DatabaseName, by: Operator) -> None:
    """Ask the service to take the message again."""
    _run(mongo_url, database, lambda it: ParkingLot(it).request_replay(key, by))
    typer.echo(f"{key}: the service will take it again")


@parked.command("discard")
def discard_parked(
    key: Identifier,
    mongo_url: MongoUrl,
    database: DatabaseName,
    by: Operator,
    why: Annotated[str, typer.Option("--why", help="Recorded with the message.")],
) -> None:
    """Put a message away for good; it can still be shown and replayed."""
    _run(mongo_url, database, lambda it: ParkingLot(it).discard(key, by, why))
    typer.echo(f"{key}: discarded")


@outbox.command("republish")
def republish_outbox(
    mongo_url: MongoUrl,
    database: DatabaseName,
    by: Operator,
    since: Annotated[datetime, typer.Option("--since", help="Said at or after this instant (UTC).")],
) -> None:
    """Say again all that was said since then: refills a broker; listeners know what they have had already."""
    count = _run(mongo_url, database, lambda it: republish_since(it, since, by))
    typer.echo(f"{count} documents will be said again")


def _row(document: Document) -> list[str]:
    times = [document[name].isoformat(timespec="seconds") for name in ("first_at", "last_at")]
    words = [str(document[name]) for name in ("_id", "type", "event_id", "state", "attempts")]
    return [*words, *times, document["reason"]]


def _run(url: str, name: str, act: Callable[[Database], Awaitable[T]]) -> T:
    async def opened() -> T:
        database = open_database(url, name, "pymongo")
        try:
            return await act(database)
        finally:
            await database.close()

    try:
        return asyncio.run(opened())
    except NotParkedError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from problem
