"""One process writes the ledgers: on the real broker, with commands in between, while the active consumer is killed."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from assessor_quota.bus import LEDGER_QUEUE, SUBSCRIPTIONS
from assessor_quota.handlers.register import register_assessor
from assessor_quota.handlers.representatives import ChangeRepresentative, change_representative
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.broker.topology import definitions
from chassis.handling import Filter, TransientError
from chassis.persistence.mongo import Database
from chassis.persistence.system_collections import OUTBOX
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers, ServiceDatabase
from devkit.servers import free_ports
from devkit.servers.processes import ManagedProcess, wait_until_accepting
from messages.applications import ApplicationSubmitted
from messages.assessor_quota import QuotaItemRefused, QuotaItemReserved
from messages.event import Event

from .builders import LIMIT, NOW, assessor, change, listed, registration, submitted
from .test_connected import ANSWERS, SERVICE, counted_with_both, invented, person, publish, surroundings
from .words import give_word

pytestmark = pytest.mark.connected

REPRESENTATIVES, ASKED = 12, 80
"""Legal representatives with one assessor each, and submissions for each of them."""
CHANGED = 3
"""Assessors whose legal representative is changed meanwhile, by commands of another process."""
LISTED = 200
"""Listings, which both workers consume at the same time."""
MESSAGES = REPRESENTATIVES * ASKED + LISTED
HANDLED: Filter = {"$or": [{"submission": {"$ne": None}}, {"listed_on": {"$ne": None}}]}
"""Progress of which a message has told; the assessors' own words stand there before."""
KNOWN_AT, KILLED_AT = 20, 120
"""Submissions answered, after which the active consumer is looked for, and killed."""
BATCH = "5"
"""Small, so that the race lasts for many commits."""
PATIENCE = 90
CONFLICTS = 0.02
"""Share of the commits that may conflict; two more may for each command, which writes ledgers too."""


@dataclass(frozen=True)
class Worker:
    """A worker process, and where it tells what it has done."""

    process: ManagedProcess
    port: int

    async def count(self, metric: str) -> float:
        """Return the sum of a metric over its labels."""
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"http://127.0.0.1:{self.port}/metrics")
        lines = [line for line in answer.text.splitlines() if line.startswith((f"{metric} ", f"{metric}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.fixture
async def cluster(servers: PrivateServers) -> AsyncIterator[CommitterCluster[Store]]:
    """A process that takes the commands, and the register."""
    async with committer_cluster(
        servers, SERVICE, Store, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(NOW), count=1
    ) as opened:
        for number in range(REPRESENTATIVES):
            await opened.perform(0, register_assessor, registration(assessor(invented(number), person(number))))
        await asyncio.gather(*(opened.perform(0, give_word, each) for each in submissions()))
        yield opened


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q4")
async def test_ledgers_stay_exact_while_the_active_consumer_is_killed_and_commands_write_them(
    cluster: CommitterCluster[Store], servers: PrivateServers, tmp_path: Path
) -> None:
    heard = {SERVICE: SUBSCRIPTIONS, "applications": ANSWERS, "registry": ()}
    vhost = await servers.vhost(definitions(heard))
    environment = {
        **surroundings(servers.amqp_url(vhost, SERVICE), database_of(cluster, servers), tmp_path),
        "GREEN_MAX_BATCH_SIZE": BATCH,
    }
    async with two_workers(environment, tmp_path) as workers:
        *_, active = await asyncio.gather(
            publish(servers.amqp_url(vhost, "applications"), submissions()),
            publish(servers.amqp_url(vhost, "registry"), listings()),
            change_some(cluster),
            kill_the_active(workers, cluster.database),
        )
        await until(cluster.database, "progress", MESSAGES, HANDLED)
        await until_empty(servers, vhost)
    assert active.answered < REPRESENTATIVES * ASKED, "it was killed with submissions in its hands"
    await nothing_lost_and_nothing_twice(cluster)
    await never_more_than_the_limit(cluster)
    assert active.conflicts <= 2 * CHANGED + CONFLICTS * active.commits, active


def database_of(cluster: CommitterCluster[Store], servers: PrivateServers) -> ServiceDatabase:
    return ServiceDatabase(cluster.database.name, servers.mongod.admin_url)


def submissions() -> list[ApplicationSubmitted]:
    return [
        submitted(f"app-{number}-{asked}", invented(number))
        for asked in range(ASKED)
        for number in range(REPRESENTATIVES)
    ]


def listings() -> list[Event]:
    keys = ((number, f"{invented(REPRESENTATIVES + number)}:factory") for number in range(LISTED))
    return [listed(f"listed-{number}").model_copy(update={"unit_key": key}) for number, key in keys]


async def change_some(cluster: CommitterCluster[Store]) -> None:
    for number in range(CHANGED):
        await until(cluster.database, "items", KILLED_AT // CHANGED * number)
        await change_as_a_caller(cluster, change(person(REPRESENTATIVES + number), of=invented(number)))


async def change_as_a_caller(cluster: CommitterCluster[Store], command: ChangeRepresentative) -> None:
    """Try again when told to: for some seconds a command meets the open transaction of the process killed."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await cluster.perform(0, change_representative, command)
            except TransientError:
                await asyncio.sleep(0.5)
            else:
                return


@dataclass(frozen=True)
class Active:
    """The work of the active consumer up to its end.

    The conflicts of its successor do not count: for some seconds it meets the open transaction of the dead.
    """

    answered: int
    commits: float
    conflicts: float


async def kill_the_active(workers: Sequence[Worker], database: Database) -> Active:
    """Kill the worker that answers submissions; the other only records listings."""
    await until(database, "items", KNOWN_AT)
    published = [await each.count("green_relay_published_total") for each in workers]
    assert sorted(each > 0 for each in published) == [False, True], "one consumer is active"
    active = workers[published.index(max(published))]
    await until(database, "items", KILLED_AT)
    commits = await active.count("green_commit_batch_size_count")
    conflicts = await active.count("green_commit_conflicts_total")
    await active.process.kill()
    return Active(await database.count("items", {}), commits, conflicts)


async def until(database: Database, collection: str, number: int, where: Filter | None = None) -> None:
    async with asyncio.timeout(PATIENCE):
        while await database.count(collection, where or {}) < number:  # noqa: ASYNC110 - another process's work
            await asyncio.sleep(0.02)


async def until_empty(servers: PrivateServers, vhost: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await servers.broker.queue_counts(vhost))[f"{SERVICE}.{LEDGER_QUEUE}"]:  # noqa: ASYNC110 - the broker's
            await asyncio.sleep(0.3)


async def nothing_lost_and_nothing_twice(cluster: CommitterCluster[Store]) -> None:
    items, asked = await cluster.read().items.find(), {each.subject for each in submissions()}
    assert {each.application_id for each in items} == asked
    documents = await cluster.database.find(OUTBOX, {})
    answers = Counter((entry["type"], entry["headers"]["ce-subject"]) for each in documents for entry in each["events"])
    first = [subject for kind, subject in answers if kind in {QuotaItemReserved.type, QuotaItemRefused.type}]
    assert sorted(first) == sorted(asked)
    assert set(answers.values()) == {1}


async def never_more_than_the_limit(cluster: CommitterCluster[Store]) -> None:
    for number in range(CHANGED):
        await counted_with_both(cluster, invented(number), person(number), person(REPRESENTATIVES + number))
    used = {each.representative.digest: each.used for each in await cluster.read().ledgers.find({"year": 2026})}
    assert {used[person(number).digest] for number in range(CHANGED, REPRESENTATIVES)} == {LIMIT}


@asynccontextmanager
async def two_workers(environment: Mapping[str, str], folder: Path) -> AsyncIterator[Sequence[Worker]]:
    started = [
        Worker(
            ManagedProcess(
                [sys.executable, "-m", "assessor_quota.main"],
                log=folder / f"worker-{port}.log",
                environment={**environment, "GREEN_MONITORING_PORT": str(port)},
            ),
            port,
        )
        for port in free_ports(2)
    ]
    try:
        await wait_until_accepting([each.port for each in started], within=PATIENCE)
        yield started
    finally:
        await asyncio.gather(*(each.process.stop(20) for each in started))
