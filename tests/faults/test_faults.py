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
"""Reports of one assessor, about; two share a representative, so that some must be refused."""
CONTROL = 150
FAULT_COUNT = int(os.environ.get("FAULTS_COUNT", "9"))
VARIANTS = {
    "motor": {"GREEN_MONGO_DRIVER": "motor"},
    "pymongo": {"GREEN_MONGO_DRIVER": "pymongo"},
    "plain": {"GREEN_BROKER_PATH": "plain", "GREEN_EVENT_LOOP": "asyncio"},
}
"""Settings under which the same must hold: either driver, and the plain path to the broker."""
CHOSEN = os.environ.get("FAULTS_VARIANTS", " ".join(VARIANTS)).split()
IN_APRIL = datetime(2026, 4, 20, 2, tzinfo=UTC)
POINTS = get_args(Point)
ALL_FAULTS = Nemesis(
    {"FAULTS_DUPLICATE_RATE": "0.1", "FAULTS_MIN_HITS": str(max(3, SUBMISSIONS // 100))},
    POINTS,
    fault_schedule(FAULT_COUNT),
)
WITHOUT_INBOX = Nemesis({"FAULTS_DUPLICATE_RATE": "0.3", "FAULTS_DISABLE_INBOX": "1"})


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    cluster = await Cluster.build(tmp_path)
    set_simulated(cluster.clock_file, IN_APRIL)
    yield cluster
    await cluster.stop()


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path / "history.jsonl")
    yield history
    history.close()


@dataclass(frozen=True)
class RunResult:
    """Injected faults and the findings of the checker."""

    injected: Counter[str]
    findings: Violations


async def run_and_check(
    cluster: Cluster, history: History, nemesis: Nemesis, submissions: int, variant: str
) -> RunResult:
    """Prepare without faults, submit under faults, heal, settle and check."""
    cluster.start({**nemesis.environment, **VARIANTS[variant]}, nemesis.points)
    await cluster.ready()
    load, client, reader = (
        applicants(submissions, submissions // REPORTS),
        Client(cluster, history),
        StateReader(cluster),
    )
    drafts = await prepare(cluster, client, load)
    cluster.activate_faults()
    began, insistent = time.monotonic(), submissions - submissions // IMPATIENT - 1
    injected, _ = await asyncio.gather(inject(cluster, nemesis, reader, insistent), client.submit(load, drafts))
    injected["duplicates published"] = cluster.count_duplicates()
    cluster.heal()
    duration = time.monotonic() - began
    seconds, left = await reader.wait_until_settled()
    await client.close()
    by_application = {drafts[each.number]: each for each in load}
    findings = Checker(await reader.read(), history.entries(), by_application).check()
    findings.expect_none(f"not settled in {seconds:.0f} s", left.items())
    await reader.close()
    print_summary(cluster, client, injected, findings, control=nemesis is WITHOUT_INBOX)
    print(f"faults for {duration:.0f} s, settled in {seconds:.0f} s")
    return RunResult(injected, findings)


async def prepare(cluster: Cluster, client: Client, load: Sequence[Applicant]) -> dict[int, str]:
    assessors = {each.assessor for each in load if each.assessor}
    await client.register([*assessors])
    await client.list_in_prefectures(load)
    drafts = await client.prepare(load)
    await client.confirm(load, drafts)
    await wait_until_assessors_known(cluster, len(assessors))
    return drafts


def print_summary(
    cluster: Cluster, client: Client, injected: Counter[str], findings: Violations, *, control: bool
) -> None:
    """Print injected faults, counts and violations; those of a control are what it is for, and read so."""
    ends = sum(worker.starts - 1 for worker in cluster.workers)
    print(f"\nprocesses ended {ends} times ({dict(cluster.crashes())}), requests retried {client.retries} times")
    print(f"{dict(injected)}\n{findings.counts}")
    for violation in findings.violations:
        print(f"{'control, found as it must be' if control else 'violated'}: {violation}")


async def wait_until_assessors_known(cluster: Cluster, assessors: int) -> None:
    """Wait for the events from which applications knows the assessors."""
    address = cluster.databases["applications"]
    database = open_database(address.url, address.name, "pymongo")
    async with asyncio.timeout(60):
        while await database.count("assessors", {}) < assessors:  # noqa: ASYNC110 - another process's work
            await asyncio.sleep(0.2)
    await database.close()


@pytest.mark.parametrize("variant", CHOSEN)
@pytest.mark.rule("Q2")
async def test_nothing_is_lost_and_everything_happens_once(cluster: Cluster, history: History, variant: str) -> None:
    outcome = await run_and_check(cluster, history, ALL_FAULTS, SUBMISSIONS, variant)

    counts = outcome.findings.counts
    assert outcome.findings.violations == []
    assert counts["acknowledged"] + counts["unanswered"] == SUBMISSIONS
    assert {"unanswered", "refused", "entries of records"} <= set(+Counter(counts))
    assert {*ALL_FAULTS.faults, "duplicates published"} <= set(+outcome.injected)
    assert set(cluster.crashes()) == set(POINTS)


async def test_checker_finds_repeated_effects_without_the_inbox(cluster: Cluster, history: History) -> None:
    """The negative control: a checker that cannot fail proves nothing."""
    outcome = await run_and_check(cluster, history, WITHOUT_INBOX, CONTROL, "motor")

    assert any("more than once" in violation for violation in outcome.findings.violations)
