"""Commands on parked messages: list, count, show, replay and discard, one of them or all that fit a selection."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import click
import orjson

from chassis.cli.database import of_service, operator, run
from chassis.cli.selection import Selection, counted, described, selecting
from chassis.handling import Document
from chassis.inbox.parking_lot import (
    REPLAYABLE,
    STATES,
    WAITING,
    NotParkedError,
    ParkingLot,
)
from chassis.persistence.mongo import Database

Step = Callable[[ParkingLot, str], Awaitable[None]]

_key = click.argument("key", required=False)
_every = click.option("--every", is_flag=True, help="Mean every message, where no filter is given.")
_dry_run = click.option("--dry-run", is_flag=True, help="Only count what it would change.")
_as_json = click.option("--json", "as_json", is_flag=True, help="For programs: JSON instead of text.")


@click.group(no_args_is_help=True)
def parked() -> None:
    """Messages that could not be handled; KEY is the id that `list` shows."""


@parked.command("list")
@click.option("--all", "show_all", is_flag=True, help="Include replayed and discarded messages.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@_as_json
@selecting
@of_service
def list_parked(  # noqa: PLR0913 - the options of a list
    *, mongo_url: str, database: str, selection: Selection, show_all: bool, limit: int, as_json: bool
) -> None:
    """List messages that wait for an operator or for another attempt, oldest first."""
    rows = _rows(mongo_url, database, selection, STATES if show_all else WAITING)
    if as_json:
        click.echo(_json({"total": len(rows), "messages": rows[:limit]}))
        return
    for row in rows[:limit]:
        click.echo("\n".join(described(row)))
    rest = f"{limit} of {len(rows)} messages: --limit shows more, `parked count` groups them"
    click.echo(rest if len(rows) > limit else f"{len(rows)} messages" if rows else "nothing is parked")


@parked.command("count")
@_as_json
@selecting
@of_service
def count_parked(*, mongo_url: str, database: str, selection: Selection, as_json: bool) -> None:
    """Count the waiting messages by queue, event type and reason."""
    rows = _rows(mongo_url, database, selection, WAITING)
    groups = counted(rows)
    if as_json:
        click.echo(_json({"total": len(rows), "groups": groups}))
        return
    for each in groups:
        click.echo(f"{each['count']:>7}  {each['type']}  {each['queue']}\n{'':9}{each['reason']}")
    click.echo(f"{len(rows):>7}  in all")


@parked.command("show")
@click.argument("key")
@of_service
def show_parked(key: str, mongo_url: str, database: str) -> None:
    """Show one message with its body, its reason and its history."""
    found = run(mongo_url, database, lambda opened: ParkingLot(opened).get(key))
    body = bytes(found.pop("body")).decode(errors="replace")
    click.echo(_json({**found, "body": body}))


@parked.command("replay")
@_key
@_every
@_dry_run
@_as_json
@selecting
@operator
@of_service
def replay_parked(*, key: str | None, by: str, **options: Any) -> None:  # noqa: ANN401 - those of _change
    """Ask the service to dispatch a message again, or all that fit the filters."""

    async def replay(parking_lot: ParkingLot, each: str) -> None:
        await parking_lot.request_replay(each, by)

    _change(key, replay, REPLAYABLE, "the service will dispatch it again", **options)


@parked.command("discard")
@_key
@click.option("--why", required=True, help="Recorded with each message.")
@_every
@_dry_run
@_as_json
@selecting
@operator
@of_service
def discard_parked(*, key: str | None, by: str, why: str, **options: Any) -> None:  # noqa: ANN401 - those of _change
    """Discard a message, or all that fit the filters; they can still be shown and replayed."""

    async def discard(parking_lot: ParkingLot, each: str) -> None:
        await parking_lot.discard(each, by, why)

    _change(key, discard, WAITING, "discarded", **options)


class Changed(NamedTuple):
    """Outcome of a command: how many messages it changed, and those it could not."""

    done: int
    left: list[dict[str, str]]


def _change(  # noqa: PLR0913 - the options of a command
    key: str | None,
    step: Step,
    states: Sequence[str],
    result: str,
    *,
    mongo_url: str,
    database: str,
    selection: Selection,
    every: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Change the one message, or each that is selected; a message that refuses does not stop the others."""
    if (key is None) == (selection.is_everything and not every):
        raise click.UsageError("name one message by its KEY, or several by filters, or all of them by --every")
    if key is not None:
        run(mongo_url, database, lambda opened: step(ParkingLot(opened), key))
        click.echo(_json({"matched": 1, "done": 1, "left": []}) if as_json else f"{key}: {result}")
        return
    keys = [row["_id"] for row in _rows(mongo_url, database, selection, states)]
    if dry_run:
        click.echo(_json({"matched": len(keys), "done": 0, "left": []}) if as_json else f"{len(keys)} messages fit")
        return
    changed = run(mongo_url, database, lambda opened: _each(ParkingLot(opened), keys, step))
    if as_json:
        click.echo(_json({"matched": len(keys), **changed._asdict()}))
    else:
        for each in changed.left:
            click.echo(f"{each['id']}: {each['why']}", err=True)
        click.echo(f"{changed.done} of {len(keys)} messages: {result}")
    sys.exit(bool(changed.left))


async def _each(parking_lot: ParkingLot, keys: Sequence[str], step: Step) -> Changed:
    left: list[dict[str, str]] = []
    with click.progressbar(length=len(keys), file=sys.stderr, show_pos=True) as bar:
        for key in keys:
            try:
                await step(parking_lot, key)
            except NotParkedError as problem:
                left.append({"id": key, "why": str(problem)})
            bar.update(1)
    return Changed(len(keys) - len(left), left)


def _rows(url: str, name: str, selection: Selection, states: Sequence[str]) -> list[Document]:
    async def read(opened: Database) -> list[Document]:
        return await selection.rows(ParkingLot(opened), states)

    return run(url, name, read)


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
