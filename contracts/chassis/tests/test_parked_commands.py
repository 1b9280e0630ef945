"""Operators work off parked messages in numbers: filters, counts, bulk steps, JSON, lines of 80 characters."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from chassis.__main__ import app
from chassis.cli.database import run
from chassis.inbox.delivery import Delivery
from chassis.inbox.parking_lot import DISCARDED, PARKED, REPLAY_REQUESTED, ROWS, ParkingLot
from chassis.persistence.mongo import Database, DatabaseUnavailableError
from click import ClickException
from click.testing import CliRunner, Result
from devkit.clock import FixedClock
from devkit.private_servers import PrivateServers

NOW = datetime(2026, 11, 28, 14, tzinfo=UTC)
BAD, GOOD = "ValueError: bug", "not ready: CaseOpened of app-2026-1 has not arrived"
REMOVED, LISTED = "registry.unit.removed.v1", "registry.unit.listed.v1"
MANY = ROWS + 20

Command = Callable[..., Awaitable[Result]]


@pytest.fixture
def command(database: Database, servers: PrivateServers) -> Command:
    where = ["--mongo-url", servers.mongod.admin_url, "--database", database.name]

    async def invoke(*words: str) -> Result:
        by = ["--by", "op"] if words[1] in {"replay", "discard"} else []
        return await asyncio.to_thread(CliRunner().invoke, app, [*words, *where, *by])

    return invoke


@pytest.fixture
async def parking_lot(database: Database) -> ParkingLot:
    """Return a burst of one type, one message of another type and one that waits, an hour later."""
    clock = FixedClock(NOW)
    made = ParkingLot(database, clock)
    for number in range(MANY):
        await made.park("review", delivery(REMOVED, number), f"{BAD} {number}", 5)
    await made.park("review", delivery(LISTED, 0), BAD, 5)
    clock.advance(timedelta(hours=1))
    await made.park("review", delivery("applications.case.opened.v1", 0), GOOD, 0, deferred=True)
    return made


def delivery(event_type: str, number: int) -> Delivery:
    owner = event_type.partition(".")[0]
    event_id = f"{owner}:unit:91150105000010014H:{number}:{event_type.split('.')[2]}"
    return Delivery({"ce-id": event_id}, b"{}", "application/json", event_type, owner, queue=f"review.{owner}")


async def in_state(parking_lot: ParkingLot, state: str) -> int:
    return len([row async for row in parking_lot.rows([state])])


async def test_list_says_how_many_there_are_and_fits_a_terminal(command: Command, parking_lot: ParkingLot) -> None:
    shown = await command("parked", "list", "--limit", "2")

    lines = shown.output.splitlines()
    assert shown.exit_code == 0
    assert max(map(len, lines)) <= 80
    assert lines[-1] == f"2 of {MANY + 2} messages: --limit shows more, `parked count` groups them"
    key = lines[0].split()[0]
    assert (await parking_lot.get(key))["event_id"] in lines[2]
    assert (await command("parked", "show", key)).exit_code == 0


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (["--type", REMOVED], MANY),
        (["--type", "registry.*"], MANY + 1),
        (["--queue", "review.registry"], MANY + 1),
        (["--reason", "NOT READY"], 1),
        (["--since", "2026-11-28T22:30+08:00"], 1),
        (["--since", "2026-11-28T14:00"], MANY + 2),
        (["--type", LISTED, "--reason", "bug"], 1),
        (["--type", LISTED, "--reason", "not ready"], 0),
    ],
)
async def test_filters_choose_what_fits_all_of_them(
    command: Command, parking_lot: ParkingLot, filters: list[str], count: int
) -> None:
    listed = json.loads((await command("parked", "list", "--json", "--limit", "1", *filters)).output)
    tried = json.loads((await command("parked", "discard", "--why", "x", "--dry-run", "--json", *filters)).output)

    assert (listed["total"], len(listed["messages"])) == (count, min(count, 1))
    assert tried == {"matched": count, "done": 0, "left": []}
    assert await in_state(parking_lot, DISCARDED) == 0


@pytest.mark.usefixtures("parking_lot")
async def test_count_groups_what_waits_for_the_same_reason(command: Command) -> None:
    counted = json.loads((await command("parked", "count", "--json", "--type", "registry.unit.listed.*")).output)
    text = (await command("parked", "count")).output

    assert counted == {
        "total": 1,
        "groups": [{"count": 1, "queue": "review.registry", "type": LISTED, "reason": BAD}],
    }
    assert f"{MANY + 2:>7}  in all" in text
    assert max(map(len, text.splitlines())) <= 80


async def test_burst_is_discarded_at_once_with_its_reason_and_nothing_else(
    command: Command, parking_lot: ParkingLot
) -> None:
    done = await command("parked", "discard", "--type", REMOVED, "--why", "重复发送")

    assert done.exit_code == 0
    assert f"{MANY} of {MANY} messages: discarded" in done.output
    assert (await in_state(parking_lot, DISCARDED), await in_state(parking_lot, PARKED)) == (MANY, 1)
    discarded = [row async for row in parking_lot.rows([DISCARDED])]
    history = (await parking_lot.get(discarded[-1]["_id"]))["history"]
    assert (history[-1]["by"], history[-1]["why"]) == ("op", "重复发送")


async def test_message_that_cannot_be_replayed_is_named_and_stops_no_other(
    command: Command, parking_lot: ParkingLot, database: Database
) -> None:
    (cut,) = [row["_id"] async for row in parking_lot.rows([PARKED]) if row["type"] == LISTED]
    await database.update("parked", {"_id": cut}, {"$set": {"cut": {"size": 1, "sha256": ""}}})

    done = await command("parked", "replay", "--queue", "review.registry", "--json")

    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert (answer["matched"], answer["done"], [each["id"] for each in answer["left"]]) == (MANY + 1, MANY, [cut])
    assert await in_state(parking_lot, REPLAY_REQUESTED) == MANY


@pytest.mark.parametrize("words", [[], ["KEY", "--type", REMOVED], ["KEY", "--every"]])
async def test_change_without_a_target_or_with_two_is_refused(
    command: Command, parking_lot: ParkingLot, words: list[str]
) -> None:
    refused = await command("parked", "replay", *words)

    assert refused.exit_code == 2
    assert "name one message by its KEY, or several by filters, or all of them by --every" in refused.output
    assert await in_state(parking_lot, REPLAY_REQUESTED) == 0


async def test_reason_of_others_cannot_steer_the_terminal(command: Command, database: Database) -> None:
    await ParkingLot(database, FixedClock(NOW)).park("review", delivery(REMOVED, 0), "bad \x1b[2J\nbell\x07", 5)

    shown = await command("parked", "list")

    assert "\x1b" not in shown.output
    assert "bell" in shown.output


@pytest.mark.parametrize("since", ["2026-11-28T22:00+08:00", "2026-11-28T14:00Z", "2026-11-28"])
async def test_republishing_takes_an_instant_with_its_zone(command: Command, since: str) -> None:
    answer = await command("outbox", "republish", "--since", since, "--by", "op")

    assert (answer.exit_code, answer.output) == (0, "0 outbox documents will be republished\n")


async def test_instant_that_is_none_is_refused_in_a_sentence(command: Command) -> None:
    answer = await command("outbox", "republish", "--since", "yesterday", "--by", "op")

    assert answer.exit_code == 2
    assert "'yesterday' is no instant: 2026-11-28" in answer.output


async def test_database_that_is_away_is_one_sentence(database: Database, servers: PrivateServers) -> None:
    async def ask(_opened: Database) -> None:
        raise DatabaseUnavailableError("no primary")

    with pytest.raises(ClickException, match=f"the database {database.name} does not answer"):
        await asyncio.to_thread(run, servers.mongod.admin_url, database.name, ask)
