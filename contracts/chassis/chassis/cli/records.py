"""``python -m chassis records``: what the verification of records found, and what another service keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from chassis.cli.database import of_service, operator, run
from chassis.persistence.errors import ForbiddenError
from chassis.persistence.mongo import Database

RECEIVED = "received_anchors"


@click.group(no_args_is_help=True)
def records() -> None:
    """Records, their anchors, and what is kept of other services' anchors."""


@records.command("show")
@of_service
def show_records(mongo_url: str, database: str) -> None:
    """Show the last verification of this service's records with its faults, or what it keeps of others."""
    click.echo(run(mongo_url, database, _describe))


async def _describe(database: Database) -> str:
    own = [_verification(each) for each in await _find_own(database, "anchoring")]
    kept = await _find_own(database, RECEIVED)
    rows = [("service", "anchors", "last", "its faults", "contradiction"), *map(_received, kept)]
    return "\n".join([*own, *(_table(rows) if kept else [])]) or "no record was verified yet"


async def _find_own(database: Database, collection: str) -> Sequence[dict[str, Any]]:
    """Return the documents; none when the service has no such collection, which its user may not even read."""
    try:
        return await database.find(collection, {}, [("_id", 1)])
    except ForbiddenError:
        return []


def _verification(state: dict[str, Any]) -> str:
    report, walk = state.get("report"), state.get("walk")
    lines = [f"{state['_id']}: {state['number']} anchors, the last {state['digest']}"]
    if report:
        lines.append(
            f"verified {_instant(report['finished_at'])}: {report['entries']} entries, {report['count']} faults"
        )
    if walk:
        lines.append(f"under way since {_instant(walk['started_at'])}: {walk['count']} faults so far")
    faults = [each for part in (report, walk) if part for each in part["faults"]]
    return "\n".join([*lines, *(f"{each['chains']}  {each['key']}  {each['text']}" for each in faults)])


def _received(row: dict[str, Any]) -> tuple[str, ...]:
    contradiction = f"{row['fault']} ({_instant(row['fault_at'])})" if row["fault"] else "none"
    return (row["_id"], str(row["number"]), _instant(row["at"]), str(row["owner_faults"]), contradiction)


def _instant(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


@records.command("accept")
@click.argument("service")
@click.option("--why", required=True, help="Recorded with what is kept.")
@operator
@of_service
def accept_anchor(service: str, mongo_url: str, database: str, by: str, why: str) -> None:
    """Go on from the anchor that SERVICE published last, though it contradicts the one before."""
    if not run(mongo_url, database, lambda opened: _accept(opened, service, f"{by}: {why}")):
        raise click.ClickException(f"nothing of {service} contradicts what is kept")
    click.echo(f"{service}: what it publishes next is compared with what came last")


async def _accept(database: Database, service: str, why: str) -> int:
    change = {
        "number": "$seen_number",
        "digest": "$seen_digest",
        "fault": None,
        "fault_at": None,
        "accepted": {
            "$slice": [{"$concatArrays": ["$accepted", [{"$concat": ["$fault", " | ", {"$literal": why}]}]]}, -20]
        },
        "_version": {"$add": ["$_version", 1]},
    }
    return await database.update(RECEIVED, {"_id": service, "fault": {"$ne": None}}, [{"$set": change}])


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines whose columns are as wide as their longest text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
