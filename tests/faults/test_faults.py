"""Nothing is lost and everything happens once, while services, broker and links fail under load."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from chassis.clock import set_simulated
from chassis.failpoints import Point
from chassis.persistence.mongo import open_database

from tests.faults.checker import Checker, Violations
from tests.faults.client import IMPATIENT, Client
from tests.faults.cluster import Cluster
from tests.faults.final_state import StateReader
from tests.faults.history import History
from tests.faults.nemesis import Nemesis, fault_schedule, inject
from tests.support.load_data import Applicant, applicants

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    # PyMongo's async client leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SUBMISSIONS = int(os.environ.get("FAULTS_SUBMISSIONS", "2000"))
REPORTS = 20
"""Of one assessor, about; two share a representative: more than their quota allows, so that some must be refused."""
CONTROL = 150
BLOWS = int(os.environ.get("FAULTS_BLOWS", "9"))
DRIVERS = os.environ.get("FAULTS_DRIVERS", "motor pymongo").split()
IN_APRIL = datetime(2026, 4, 20, 2, tzinfo=UTC)
POINTS = get_args(Point)
STORM = Nemesis(
    {"FAULTS_TWICE": "0.1", "FAULTS_PATIENCE": str(max(8, SUBMISSIONS // 100))}, POINTS, fault_schedule(BLOWS)
)
FORGETFUL = Nemesis({"FAULTS_TWICE": "0.3", "FAULTS_INBOX": "forgets"})


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Cluster]:
    town = await Cluster.build(tmp_path)
    set_simulated(town.clock_file, IN_APRIL)
    yield town
    await town.stop()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[History]:
    ledger = History(tmp_path / "ledger.jsonl")
    yield ledger
    ledger.close()


@dataclass(frozen=True)
class Outcome:
    """What was endured, and what the checker says of it."""

    struck: Counter[str]
    findings: Violations


async def checked(town: Cluster, ledger: History, weather: Nemesis, submissions: int, driver: str) -> Outcome:
    """Prepare in peace, submit in the storm, heal, settle, check."""
    town.start({**weather.environment, "GREEN_MONGO_DRIVER": driver}, weather.points)
    await town.ready()
    cast, client, site = applicants(submissions, submissions // REPORTS), Client(town, ledger), StateReader(town)
    drafts = await prepared(town, client, cast)
    town.faults_active()
    began, insistent = time.monotonic(), submissions - submissions // IMPATIENT - 1
    struck, _ = await asyncio.gather(inject(town, weather, site, insistent), client.submit(cast, drafts))
    struck["events said twice"] = town.duplicates_published()
    town.heal()
    raged = time.monotonic() - began
    seconds, left = await site.settled()
    await client.close()
    by_application = {drafts[each.number]: each for each in cast}
    findings = Checker(await site.remains(), ledger.entries(), by_application).check()
    findings.hold(f"not settled in {seconds:.0f} s", left.items())
    await site.close()
    told(town, client, struck, findings)
    print(f"raged for {raged:.0f} s, settled in {seconds:.0f} s")
    return Outcome(struck, findings)


async def prepared(town: Cluster, client: Client, cast: Sequence[Applicant]) -> dict[int, str]:
    assessors = {each.assessor for each in cast if each.assessor}
    await client.register([*assessors])
    await client.list_in_prefectures(cast)
    drafts = await client.prepare(cast)
    await known_everywhere(town, len(assessors))
    return drafts


def told(town: Cluster, client: Client, struck: Counter[str], findings: Violations) -> None:
    """For people: what was endured, and what the checker counted."""
    ends = sum(worker.starts - 1 for worker in town.workers)
    print(f"\nprocesses ended {ends} times ({dict(town.deaths())}), requests tried again {client.tried_again} times")
    print(f"{dict(struck)}\n{findings.counts}")
    for violation in findings.violations:
        print(f"violated: {violation}")


async def known_everywhere(town: Cluster, assessors: int) -> None:
    """Who may be named in a report is heard by events."""
    kept = town.databases["applications"]
    database = open_database(kept.url, kept.name, "pymongo")
    async with asyncio.timeout(60):
        while await database.count("assessors", {}) < assessors:  # noqa: ASYNC110 - another process's work
            await asyncio.sleep(0.2)
    await database.close()


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.rule("Q2")
async def test_nothing_is_lost_and_everything_happens_once(town: Cluster, ledger: History, driver: str) -> None:
    outcome = await checked(town, ledger, STORM, SUBMISSIONS, driver)

    counts = outcome.findings.counts
    assert outcome.findings.violations == []
    assert counts["told ok"] + counts["told nothing"] == SUBMISSIONS
    assert all(counts[name] > 0 for name in ("told nothing", "refused", "entries of records"))
    assert all(outcome.struck[name] > 0 for name in (*STORM.blows, "events said twice"))
    assert set(town.deaths()) == set(POINTS)


async def test_without_the_inbox_the_checker_finds_what_happened_twice(town: Cluster, ledger: History) -> None:
    """The negative control: a checker that cannot fail proves nothing."""
    outcome = await checked(town, ledger, FORGETFUL, CONTROL, "motor")

    assert any("more than once" in violation for violation in outcome.findings.violations)
