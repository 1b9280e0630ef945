"""Reservations: how many a second for ten thousand representatives and for one, beside a bare conditional update."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import aio_pika
from assessor_quota.bus import SUBSCRIPTIONS
from chassis.broker.topology import definitions
from chassis.persistence.mongo import open_database
from devkit.private_servers import PrivateServers
from devkit.servers.processes import free_ports
from messages.assessor_quota import QuotaItemRefused, QuotaItemReleased, QuotaItemReserved
from messages.catalogue import EVENTS
from messages.event import Event

from tests.bench.competitor import Servers, Start, measured
from tests.bench.measure import Latencies, Run, rate
from tests.bench.steady_state import steady_rounds
from tests.bench.workload import FULL, GIVING_BACK, PATTERN, Submissions, settle_in
from tests.support.race_environment import PUBLISHER, SERVICE, RaceEnvironment

ROUNDS = 2
CHUNK = 1_000
ANSWERS = (QuotaItemReserved, QuotaItemRefused, QuotaItemReleased)
FIRST_LEVEL = 0.25
"""Share of the most that the service takes, at which waiting times are measured."""


@dataclass(frozen=True)
class Contest:
    """One line of the table."""

    name: str
    floor: str
    """The contest it is compared with."""
    contestant: str
    messages: int
    said: Callable[[Submissions, int], Iterable[Event]] = lambda _submissions, _number: ()
    limit: int | None = None


FLOOR_OF_MANY, FLOOR_OF_ONE = "floor: 10,000 documents", "floor: one document"
MANY_ASK = "10,000 representatives: granted"
ONE_TAKES_AND_GIVES = "one representative: granted and given back"
ONE_REFUSED = "one representative: refused, all places taken"
MIXED = "10,000 granted and the one refused, in turn"
CONTESTS = (
    Contest(MANY_ASK, FLOOR_OF_MANY, "service", 2_000, lambda say, number: say.by(say.many, number)),
    Contest(
        ONE_TAKES_AND_GIVES,
        *(FLOOR_OF_ONE, "service", 1_000),
        lambda say, number: say.given_back(number),
        limit=500,
    ),
    Contest(
        ONE_REFUSED,
        *(FLOOR_OF_ONE, "service", 1_500),
        lambda say, number: say.by(say.full, number),
    ),
    Contest(
        MIXED,
        *(FLOOR_OF_MANY, "service", 2_000),
        lambda say, number: say.in_turn(number),
    ),
    Contest(FLOOR_OF_MANY, FLOOR_OF_MANY, "floor of many", 2_000),
    Contest(FLOOR_OF_ONE, FLOOR_OF_ONE, "floor of one", 1_500),
)


@dataclass(frozen=True)
class Reservations:
    """What all of it came to."""

    runs: dict[str, list[Run]]
    rate: float
    """Messages a second of each stream, where waiting times were measured."""
    latencies: dict[str, list[Latencies]]


async def reservation_rounds(servers: Servers, folder: Path) -> Reservations:
    """Drain in turn, ``ROUNDS`` times; then waiting times at a quarter of what was drained."""
    environment = await RaceEnvironment.build(PrivateServers(*servers), _made(folder / "reservations"), _definitions())
    await environment.register([*FULL, *GIVING_BACK, PATTERN])
    database = open_database(servers.mongod.admin_url, environment.database.name)
    await settle_in(database)
    submissions, runs = Submissions(), defaultdict(list)
    for number in range(ROUNDS):
        for contest in CONTESTS:
            run = await _run(contest, submissions, environment, servers)
            print(f"round {number + 1}  {contest.name:48} {run.rate:8.0f}/s", flush=True)
            runs[contest.name].append(run)
    steadily = rate(runs[MANY_ASK]) * FIRST_LEVEL
    latencies = await steady_rounds(environment, submissions, steadily, database)
    await database.close()
    return Reservations(dict(runs), steadily, latencies)


async def _run(contest: Contest, submissions: Submissions, environment: RaceEnvironment, servers: Servers) -> Run:
    task = {"messages": contest.messages, "limit": contest.limit}
    told = {**environment.environment, "GREEN_ROLE": "worker", "GREEN_PORT": str(free_ports(1)[0])}
    start = Start("tests.bench.reserving", contest.contestant, task, told)
    run = await measured(start, servers, contest.messages, lambda: _fill(contest, submissions, environment))
    await _forget_answers(environment)
    return run


async def _fill(contest: Contest, submissions: Submissions, environment: RaceEnvironment) -> None:
    """The queue as it stands before the contestant comes."""
    messages = list(contest.said(submissions, contest.messages))
    for start in range(0, len(messages), CHUNK):
        await environment.publish(messages[start : start + CHUNK])


async def _forget_answers(environment: RaceEnvironment) -> None:
    async with await aio_pika.connect(environment.servers.amqp_url(environment.vhost)) as connection:
        await (await (await connection.channel()).get_queue(f"{PUBLISHER}.{SERVICE}", ensure=False)).purge()


def _definitions() -> dict[str, object]:
    """What assessor-quota hears, its answers to applications, and the rest of what it says with nobody to hear it."""
    unheard = [each for each in EVENTS.values() if each.owner == SERVICE and each not in ANSWERS]
    return definitions({SERVICE: [each.event_type for each in SUBSCRIPTIONS], PUBLISHER: ANSWERS}, unheard=unheard)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
