"""Q2 and Q4 on the real database and broker: several committers, several processes, one limit."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from assessor_quota.bus import SUBSCRIPTIONS
from assessor_quota.domain.item import ItemState
from assessor_quota.domain.ledger import LedgerLine
from assessor_quota.handlers.items import release_item
from assessor_quota.handlers.register import register_assessor
from assessor_quota.handlers.representatives import change_representative
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.broker.publisher import BrokerPublisher
from chassis.broker.topology import definitions
from chassis.clock import set_simulated
from chassis.outbox.entries import Causation, entry, event_id
from chassis.persistence.mongo import open_database
from chassis.security import add_key
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers, ServiceDatabase
from devkit.servers import free_ports
from devkit.servers.processes import ManagedProcess
from messages.applications import ApplicationSubmitted
from messages.assessor_quota import (
    LegalRepresentativeChanged,
    QuotaItemConfirmed,
    QuotaItemRefused,
    QuotaItemReleased,
    QuotaItemReserved,
)
from messages.event import Event
from messages.values import PersonRef
from stdnum.cn import uscc as gb32100

from .builders import LIMIT, NORTH, NOW, SOUTH, assessor, change, registration, submitted, withdrawn
from .harness import handler_harness
from .words import give_word, reserve_confirmed

pytestmark = pytest.mark.connected

ASKED = 60
RACES, RACING = 8, 30
ANSWERS = (QuotaItemReserved, QuotaItemRefused, QuotaItemReleased, QuotaItemConfirmed)
SERVICE = "assessor-quota"
PATIENCE = 90


@pytest.fixture
async def four(servers: PrivateServers) -> AsyncIterator[CommitterCluster[Store]]:
    """Four processes of the service on one database, with North and South on the register."""
    async with committer_cluster(
        servers, SERVICE, Store, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(NOW), count=4
    ) as opened:
        for uscc in (NORTH, SOUTH):
            await opened.perform(0, register_assessor, registration(assessor(uscc)))
        yield opened


def submissions() -> list[ApplicationSubmitted]:
    return [submitted(f"app-{number}", (NORTH, SOUTH)[number % 2]) for number in range(ASKED)]


async def exactly_fifteen(processes: CommitterCluster[Store]) -> None:
    items = await processes.read().items.find()
    assert Counter(item.state for item in items) == {ItemState.RESERVED: LIMIT, ItemState.REFUSED: ASKED - LIMIT}
    (ledger,) = await processes.read().ledgers.find()
    assert {line.application_id for line in ledger.lines} == {item.application_id for item in items if item.in_use}
    assert len(ledger.lines) == LIMIT
    said = await processes.published()
    assert said[QuotaItemReserved.type] == LIMIT
    assert said[QuotaItemRefused.type] == ASKED - LIMIT


@pytest.mark.rule("Q2")
async def test_sixty_reservations_at_once_through_four_processes_give_exactly_fifteen(
    four: CommitterCluster[Store],
) -> None:
    asked = enumerate(submissions())
    await asyncio.gather(*(four.perform(number % 4, reserve_confirmed, each) for number, each in asked))
    await exactly_fifteen(four)


@pytest.mark.rule("Q2")
async def test_places_given_back_and_taken_at_once_never_exceed_the_limit(four: CommitterCluster[Store]) -> None:
    leaving = [withdrawn(f"app-{number}") for number in range(0, ASKED, 3)]
    await asyncio.gather(
        *(four.perform(number % 4, reserve_confirmed, each) for number, each in enumerate(submissions())),
        *(four.perform(number % 4, release_item, each) for number, each in enumerate(leaving)),
    )
    in_use = {item.application_id for item in await four.read().items.find() if item.in_use}
    assert len(in_use) <= LIMIT
    assert in_use.isdisjoint(end.application_id for end in leaving)
    (ledger,) = await four.read().ledgers.find()
    assert {line.application_id for line in ledger.lines} == in_use


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q4")
async def test_reservations_that_race_a_change_of_the_representative_all_count_with_the_new_one(
    four: CommitterCluster[Store],
) -> None:
    """Whichever commits first: no item is granted that the new representative never hears of (write skew)."""
    for number in range(RACES):
        uscc, former, successor = invented(number), person(2 * number), person(2 * number + 1)
        await four.perform(0, register_assessor, registration(assessor(uscc, former)))
        await asyncio.gather(
            *(four.perform(at % 4, reserve_confirmed, submitted(f"app-{number}-{at}", uscc)) for at in range(RACING)),
            later(number, four.perform(number % 4, change_representative, change(successor, of=uscc))),
        )
        await counted_with_both(four, uscc, former, successor)
    assert (await four.published())[LegalRepresentativeChanged.type] == RACES


async def counted_with_both(four: CommitterCluster[Store], uscc: str, former: PersonRef, successor: PersonRef) -> None:
    store = four.read()
    in_use = {each.application_id: each for each in await store.items.find({"assessor.uscc": uscc}) if each.in_use}
    left, came = [await lines(store, each) for each in (former, successor)]
    assert set(came) == set(in_use)
    assert set(left) == {each for each, line in came.items() if line.carried_on is not None}
    assert len(in_use) == LIMIT
    assert all(each.ledgers[-1] == f"{successor.digest}:2026" for each in in_use.values())


async def lines(store: Store, whose: PersonRef) -> dict[str, LedgerLine]:
    ledger = await store.ledgers.get(f"{whose.digest}:2026")
    return {} if ledger is None else {line.application_id: line for line in ledger.lines}


async def later(turns: int, work: Awaitable[object]) -> object:
    """Begin some turns of the loop later, so that each race meets another moment."""
    await asyncio.sleep(turns * 0.004)
    return await work


def invented(number: int) -> str:
    digit: Callable[[str], str] = gb32100.calc_check_digit
    body = f"91150600{number:09d}"
    return body + digit(body)


def person(number: int) -> PersonRef:
    return PersonRef(digest=f"{number:064x}", masked="15**************0X")


@pytest.mark.rule("Q1")
async def test_one_person_entered_at_once_under_an_old_and_a_new_key_is_one_person(
    four: CommitterCluster[Store],
) -> None:
    """As while a new key is rolled out: one process knows it and the older one, the other the older one alone."""
    for number in range(RACES):
        older, newer = person(2 * number), person(2 * number + 1)
        with_both = registration(assessor(invented(2 * number), newer), (older.digest,))
        with_old = registration(assessor(invented(2 * number + 1), older))
        await asyncio.gather(
            four.perform(0, register_assessor, with_both),
            four.perform(1, register_assessor, with_old),
        )
        entered = [await four.read().assessors.require(each.uscc) for each in (with_both, with_old)]
        assert entered[0].representative == entered[1].representative


@pytest.mark.rule("Q2")
async def test_sixty_submissions_over_the_broker_to_two_worker_processes_give_exactly_fifteen(
    servers: PrivateServers, tmp_path: Path
) -> None:
    heard = {SERVICE: SUBSCRIPTIONS, "applications": ANSWERS}
    vhost, mine = await servers.vhost(definitions(heard)), await servers.database(SERVICE)
    database = open_database(mine.url, mine.name)
    await database.ensure_indexes(INDEXES)
    here = CommitterCluster(database, (), (), (), Store)
    register = await handler_harness()
    for each in submissions():
        await register.handle(give_word, each, NOW)
    await here.adopt(register.memory.collections)
    async with workers(surroundings(servers.amqp_url(vhost, SERVICE), mine, tmp_path), 2, tmp_path) as started:
        for _ in ("once", "and once more, as after a lost confirm"):
            await publish(servers.amqp_url(vhost, "applications"), submissions())
        await settled(servers, vhost, started)
    await exactly_fifteen(here)
    await database.close()


def surroundings(amqp_url: str, mine: ServiceDatabase, folder: Path) -> Mapping[str, str]:
    """Return a worker's environment, with keys and a clock of this test's own."""
    add_key(folder / "persons.toml", "k1")
    set_simulated(folder / "clock.json", NOW)
    return {
        **os.environ,
        "GREEN_ROLE": "worker",
        "GREEN_AMQP_URL": amqp_url,
        "GREEN_MONGO_URL": mine.url,
        "GREEN_DATABASE": mine.name,
        "GREEN_JWKS_FILE": str(DevelopmentIssuer(folder / "issuer", Mode.LOCAL).jwks_file),
        "GREEN_PERSON_KEY_FILE": str(folder / "persons.toml"),
        "GREEN_CLOCK_FILE": str(folder / "clock.json"),
        "GREEN_LOG_LEVEL": "WARNING",
    }


@asynccontextmanager
async def workers(environment: Mapping[str, str], count: int, folder: Path) -> AsyncIterator[Sequence[ManagedProcess]]:
    """Processes that do not outlive this one, however it ends."""
    started = [
        ManagedProcess(
            [sys.executable, "-m", "assessor_quota.main"],
            log=folder / f"worker-{port}.log",
            environment={**environment, "GREEN_MONITORING_PORT": str(port)},
        )
        for port in free_ports(count)
    ]
    try:
        yield started
    finally:
        await asyncio.gather(*(process.stop(20) for process in started))
    assert [process.popen.returncode for process in started] == [0] * count


async def publish(url: str, events: Sequence[Event]) -> None:
    publisher = BrokerPublisher(url)
    refused = await publisher.send([entry(each, Causation(event_id(each)), NOW) for each in events])
    await publisher.close()
    assert refused == [None] * len(events)


async def settled(servers: PrivateServers, vhost: str, workers: Sequence[ManagedProcess]) -> None:
    """All submissions are taken and all answers have reached the queue of applications."""
    async with asyncio.timeout(PATIENCE):
        while not await _answered(servers, vhost):
            assert [each.tail() for each in workers if not each.running] == []
            await asyncio.sleep(0.3)


async def _answered(servers: PrivateServers, vhost: str) -> bool:
    counts = await servers.broker.queue_counts(vhost)
    return counts[f"{SERVICE}.ledgers"] == 0 and counts[f"applications.{SERVICE}"] == ASKED


async def test_a_worker_that_ended_is_noticed_at_once_with_its_log(servers: PrivateServers, tmp_path: Path) -> None:
    vhost = await servers.vhost(definitions({SERVICE: SUBSCRIPTIONS, "applications": ANSWERS}))
    ended = ManagedProcess(
        [sys.executable, "-c", "print('no settings')"], log=tmp_path / "worker.log", environment=os.environ
    )
    with pytest.raises(AssertionError, match="no settings"):
        await settled(servers, vhost, [ended])
