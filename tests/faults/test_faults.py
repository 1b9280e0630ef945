"""Nothing is lost and everything happens once, while services, broker and links fail under load."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import get_args

import pytest
from chassis.clock import set_simulated
from chassis.mongo import open_database
from chassis.steps import Point

from tests.faults.check import Checker, Findings
from tests.faults.ledger import Ledger
from tests.faults.load import Client
from tests.faults.town import Town
from tests.stand.cast import Assessor, applicants

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    # PyMongo's async client leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SUBMISSIONS = int(os.environ.get("FAULTS_SUBMISSIONS", "2000"))
ASSESSORS = 100
"""Two for each representative: more reports than their quotas allow, so that some must be refused."""
CONTROL = 150
BLOWS = int(os.environ.get("FAULTS_BLOWS", "9"))
DRIVERS = os.environ.get("FAULTS_DRIVERS", "motor pymongo").split()
IN_APRIL = datetime(2026, 4, 20, 2, tzinfo=UTC)
STORM = {"FAULTS_TWICE": "0.1", "FAULTS_INBOX": "on", "FAULTS_PATIENCE": str(max(5, SUBMISSIONS // 100))}
FORGETFUL = {"FAULTS_TWICE": "0.3", "FAULTS_INBOX": "forgets"}
POINTS = get_args(Point)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    town = await Town.build(tmp_path)
    set_simulated(town.clock_file, IN_APRIL)
    yield town
    await town.stop()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    yield ledger
    ledger.close()


async def checked(town: Town, ledger: Ledger, faults: dict[str, str], submissions: int, driver: str) -> Findings:
    """Prepare in peace, submit in the storm, heal, settle, check."""
    town.start(faults | {"GREEN_MONGO_DRIVER": driver}, POINTS if faults is STORM else ())
    await town.ready()
    cast, client = applicants(submissions, ASSESSORS), Client(town, ledger)
    await client.register([Assessor(number) for number in range(ASSESSORS)])
    await client.list_in_prefectures(cast)
    drafts = await client.prepare(cast)
    await known_everywhere(town, ASSESSORS)
    checker = Checker(town, ledger, cast, drafts)
    town.storm()
    await asyncio.gather(client.submit(cast, drafts), *([rage(town)] if faults is STORM else []))
    town.heal()
    await checker.settle()
    await client.close()
    findings = await checker.check()
    told(town, client, findings)
    return findings


async def rage(town: Town) -> None:
    """Kill something every few seconds; in between lose the broker once, and cut the links of a stalled database."""
    dice = Random(os.environ.get("FAULTS_SEED", "1"))  # noqa: S311 - a repeatable die
    for blow in range(BLOWS):
        await asyncio.sleep(dice.uniform(1.5, 3.0))
        if blow == BLOWS // 3:
            await town.lose_the_broker()
        elif blow == 2 * BLOWS // 3:
            await town.cut_while_stalled()
        else:
            town.kill_one(dice)


def told(town: Town, client: Client, findings: Findings) -> None:
    """For people: what was endured, and what the checker counted."""
    ends = sum(worker.starts - 1 for worker in town.workers)
    print(f"\nprocesses ended {ends} times ({dict(town.deaths())}), requests tried again {client.tried_again} times")
    print(f"settled in {findings.settled_in:.0f} s: {findings.counts}")
    for violation in findings.violations:
        print(f"violated: {violation}")


async def known_everywhere(town: Town, assessors: int) -> None:
    """Who may be named in a report is heard by events."""
    kept = town.databases["applications"]
    database = open_database(kept.url, kept.name, "pymongo")
    async with asyncio.timeout(60):
        while await database.count("assessors", {}) < assessors:  # noqa: ASYNC110 - another process's work
            await asyncio.sleep(0.2)
    await database.close()


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.rule("Q2")
async def test_nothing_is_lost_and_everything_happens_once(town: Town, ledger: Ledger, driver: str) -> None:
    findings = await checked(town, ledger, STORM, SUBMISSIONS, driver)

    assert findings.violations == []
    assert findings.counts["told ok"] == SUBMISSIONS
    assert set(town.deaths()) == set(POINTS)


async def test_without_the_inbox_the_checker_finds_what_happened_twice(town: Town, ledger: Ledger) -> None:
    """The negative control: a checker that cannot fail proves nothing."""
    findings = await checked(town, ledger, FORGETFUL, CONTROL, "motor")

    assert any("more than once" in violation for violation in findings.violations)
