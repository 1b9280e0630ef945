"""Rounds of reservations: for ten thousand representatives and for one, beside a bare conditional update."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aio_pika
from assessor_quota.bus import SUBSCRIPTIONS
from chassis.broker.topology import definitions
from chassis.persistence.mongo import Database, open_database
from devkit.private_servers import PrivateServers
from devkit.servers.processes import free_ports
from messages.assessor_quota import QuotaItemRefused, QuotaItemReleased, QuotaItemReserved
from messages.catalogue import EVENTS
from messages.event import Event

from tests.bench.competitor import CompetitorStart, Servers, measure_run
from tests.bench.measure import Latencies, Run, rate
from tests.bench.steady_state import steady_rounds
from tests.bench.workload import FULL, GIVING_BACK, PATTERN, Submissions, register_many
from tests.support.namings import confirm_beforehand, named_applications
from tests.support.race_environment import PUBLISHER, SERVICE, RaceEnvironment

ROUNDS = 3
CHUNK = 1_000
ANSWERS = (QuotaItemReserved, QuotaItemRefused, QuotaItemReleased)
STEADY_SHARE = 0.25
"""Share of the drained rate at which latencies are measured."""


@dataclass(frozen=True)
class Scenario:
    """One line of the table."""

    name: str
    baseline: str
    """The scenario it is compared with."""
    competitor: str
    messages: int
    events: Callable[[Submissions, int], Iterable[Event]] = lambda _submissions, _number: ()
    limit: int | None = None


BASELINE_OF_MANY, BASELINE_OF_ONE = "baseline: 10,000 documents", "baseline: one document"
MANY_GRANTED = "10,000 representatives: granted"
ONE_GIVING_BACK = "one representative: granted and given back"
ONE_REFUSED = "one representative: refused, all items taken"
MIXED = "10,000 granted and the one refused, in turn"
SCENARIOS = (
    Scenario(
        MANY_GRANTED,
        BASELINE_OF_MANY,
        "service",
        1_500,
        lambda submissions, number: submissions.by(submissions.many, number),
    ),
    Scenario(
        ONE_GIVING_BACK,
        *(BASELINE_OF_ONE, "service", 800),
        lambda submissions, number: submissions.given_back(number),
        limit=500,
    ),
    Scenario(
        ONE_REFUSED,
        *(BASELINE_OF_ONE, "service", 1_000),
        lambda submissions, number: submissions.by(submissions.full, number),
    ),
    Scenario(
        MIXED,
        *(BASELINE_OF_MANY, "service", 1_500),
        lambda submissions, number: submissions.in_turn(number),
    ),
    Scenario(BASELINE_OF_MANY, BASELINE_OF_MANY, "baseline of many", 1_500),
    Scenario(BASELINE_OF_ONE, BASELINE_OF_ONE, "baseline of one", 1_000),
)


@dataclass(frozen=True)
class Reservations:
    """Runs, steady rate and latencies."""

    runs: dict[str, list[Run]]
    rate: float
    """Messages a second of each stream, at which latencies were measured."""
    latencies: dict[str, list[Latencies]]


async def reservation_rounds(servers: Servers, folder: Path) -> Reservations:
    """Drain each scenario in turn, ``ROUNDS`` times; then measure latencies at a quarter of that rate."""
    environment = await RaceEnvironment.build(PrivateServers(*servers), _make(folder / "reservations"), _definitions())
    await environment.register([*FULL, *GIVING_BACK, PATTERN])
    database = open_database(servers.mongod.admin_url, environment.database.name)
    await register_many(database)
    submissions, runs = Submissions(), defaultdict(list)
    for number in range(ROUNDS):
        for scenario in SCENARIOS:
            run = await _run(scenario, submissions, environment, servers, database)
            print(f"round {number + 1}  {scenario.name:48} {run.rate:8.0f}/s", flush=True)
            runs[scenario.name].append(run)
    steady_rate = rate(runs[MANY_GRANTED]) * STEADY_SHARE
    latencies = await steady_rounds(environment, submissions, steady_rate, database)
    await database.close()
    return Reservations(dict(runs), steady_rate, latencies)


async def _run(
    scenario: Scenario, submissions: Submissions, environment: RaceEnvironment, servers: Servers, database: Database
) -> Run:
    task = {"messages": scenario.messages, "limit": scenario.limit}
    variables = {**environment.environment, "GREEN_ROLE": "worker", "GREEN_MONITORING_PORT": str(free_ports(1)[0])}
    start = CompetitorStart("tests.bench.reservation_competitors", scenario.competitor, task, variables)
    fill = partial(_fill, scenario, submissions, environment, database)
    run = await measure_run(start, servers, scenario.messages, fill)
    await _purge_answers(environment)
    return run


async def _fill(scenario: Scenario, submissions: Submissions, environment: RaceEnvironment, database: Database) -> None:
    """Fill the queue before the competitor starts to work; the assessors have confirmed every application."""
    messages = list(scenario.events(submissions, scenario.messages))
    await confirm_beforehand(database, named_applications(messages))
    for start in range(0, len(messages), CHUNK):
        await environment.publish(messages[start : start + CHUNK])


async def _purge_answers(environment: RaceEnvironment) -> None:
    async with await aio_pika.connect(environment.servers.amqp_url(environment.vhost)) as connection:
        await (await (await connection.channel()).get_queue(f"{PUBLISHER}.{SERVICE}", ensure=False)).purge()


def _definitions() -> dict[str, object]:
    """Queues for the events of assessor-quota and for its answers; its other events have no subscriber."""
    unheard = [each for each in EVENTS.values() if each.owner == SERVICE and each not in ANSWERS]
    return definitions({SERVICE: SUBSCRIPTIONS, PUBLISHER: ANSWERS}, unrouted=unheard)


def _make(folder: Path) -> Path:
    folder.mkdir()
    return folder
