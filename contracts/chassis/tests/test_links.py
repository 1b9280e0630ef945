"""A worker consumes, or is not ready and says why; whatever breaks, it ends up consuming.

LINK_CUTS says how many starts are cut, each at another byte (`make test-faults`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest
from chassis.broker import link, link_supervisor
from chassis.broker.link import QueueWatch
from chassis.broker.paths import PATHS, PathName
from chassis.broker.topology import definitions
from chassis.observability.health import NotReadyError
from chassis.persistence.mongo import Database, Driver
from devkit.cutting_proxy import CuttingProxy
from devkit.private_servers import PrivateServers, rebase_definitions

from .conftest import empty
from .consumer_process import SUBSCRIBED, ConsumerProcess, close_connections, failed

CUTS = int(os.environ.get("LINK_CUTS", "12"))


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_supervisor, "PAUSE", 0.05)
    monkeypatch.setattr(link_supervisor, "EXAMINE_SECONDS", 0.3)


@pytest.fixture
async def database(databases: dict[Driver, Database]) -> Database:
    """The database through one driver: links do not know it."""
    return await empty(databases["motor"])


@pytest.fixture
async def vhost_of_queues(servers: PrivateServers) -> str:
    return await servers.vhost(definitions(SUBSCRIBED))


async def problem_of(process: ConsumerProcess) -> str | None:
    """Return the problem of the consumer as readiness shows it."""
    try:
        await process.consumer.ping()
    except NotReadyError as problem:
        return str(problem)
    return None


async def wait_until_ready(process: ConsumerProcess) -> None:
    async def is_ready() -> bool:
        return await problem_of(process) is None

    await process.wait_until(is_ready)


async def wait_until_not_ready(process: ConsumerProcess, expected: str) -> None:
    async def is_not_ready() -> bool:
        return expected in (await problem_of(process) or "")

    await process.wait_until(is_not_ready)


class ProxiedProcess(ConsumerProcess):
    """A worker whose link to the broker leads through a proxy."""

    def __init__(self, proxy: CuttingProxy, *arguments: Any) -> None:  # noqa: ANN401 - those of the worker
        self.proxy = proxy
        super().__init__(*arguments)

    def _consumer(self) -> Any:  # noqa: ANN401 - the consumer
        made = super()._consumer()
        made.url = made.url.replace(f":{self.servers.broker.address.rpartition(':')[2]}/", f":{self.proxy.port}/")
        return made


@pytest.fixture(params=PATHS)
def start_worker(
    servers: PrivateServers, vhost_of_queues: str, database: Database, request: pytest.FixtureRequest
) -> Callable[[CuttingProxy], ProxiedProcess]:
    path: PathName = request.param
    return lambda proxy: ProxiedProcess(proxy, servers, vhost_of_queues, database, path)


async def test_start_through_a_link_cut_at_any_byte_ends_up_consuming(
    servers: PrivateServers, start_worker: Callable[[CuttingProxy], ProxiedProcess]
) -> None:
    async with CuttingProxy(int(servers.broker.address.rpartition(":")[2])) as proxy:
        whole = await bytes_of_a_start(start_worker(proxy))
        for number in range(CUTS):
            process = start_worker(proxy)
            await process.publish(failed(f"before-{number}"))
            proxy.cut_after(1 + whole * number // CUTS)
            await process.start()
            await process.publish(failed(f"after-{number}"))
            await process.wait_until_touched(f"before-{number}")
            await process.wait_until_touched(f"after-{number}")
            await wait_until_ready(process)
            assert proxy.cuts == number + 1
            await process.stop()


async def bytes_of_a_start(process: ProxiedProcess) -> int:
    """Start undisturbed, with a message to be delivered; return how many bytes passed."""
    process.proxy.passed = 0
    await process.publish(failed("whole"))
    await process.start()
    await process.wait_until_touched("whole")
    passed = process.proxy.passed
    await process.stop()
    return passed


async def test_messages_that_wait_for_the_consumer_are_all_handled_whenever_it_starts(
    start_worker: Callable[[CuttingProxy], ProxiedProcess], servers: PrivateServers
) -> None:
    """Those that come together with the broker's confirmation must not be forgotten."""
    async with CuttingProxy(int(servers.broker.address.rpartition(":")[2])) as proxy:
        for start in range(5):
            process = start_worker(proxy)
            await process.publish(*(failed(f"n{start}-{number}") for number in range(30)))
            await process.start()
            for number in range(30):
                await process.wait_until_touched(f"n{start}-{number}")
            await process.stop_and_expect_empty_queues()
            await process.stop()


async def test_queue_that_is_away_at_start_is_waited_for(servers: PrivateServers, database: Database) -> None:
    vhost = await servers.vhost(definitions({"notify": SUBSCRIBED["notify"], "review": []}))
    process = ConsumerProcess(servers, vhost, database)
    await process.start()
    await wait_until_not_ready(process, "review.notify")
    assert process.metric("consumer_up", link="events") == 0

    await process.servers.broker.import_definitions(rebase_definitions(definitions(SUBSCRIBED), vhost))
    await wait_until_ready(process)
    await process.publish(failed("a"))
    await process.wait_until_touched("a")
    assert process.metric("consumer_up", link="events") == 1
    await process.stop()


async def test_consumer_that_the_broker_cancels_is_not_ready_until_it_consumes_again(
    servers: PrivateServers, vhost_of_queues: str, database: Database
) -> None:
    process = ConsumerProcess(servers, vhost_of_queues, database)
    await process.start()
    assert await problem_of(process) is None
    await servers.broker._request("DELETE", f"queues/{vhost_of_queues}/review.notify")
    await wait_until_not_ready(process, "review.notify")

    await servers.broker.import_definitions(rebase_definitions(definitions(SUBSCRIBED), vhost_of_queues))
    await wait_until_ready(process)
    await process.publish(failed("a"))
    await process.wait_until_touched("a")
    assert process.metric("consumer_links_lost_total", link="events") >= 1
    assert process.metric("consumer_links_lost_total", link="dead-letters") == 0
    await process.stop()


async def test_dead_letters_have_a_connection_of_their_own(
    servers: PrivateServers, vhost_of_queues: str, database: Database
) -> None:
    process = ConsumerProcess(servers, vhost_of_queues, database)
    await process.start()
    events, dead_letters = process.consumer.links
    assert events._link is not None
    assert dead_letters._link is not None
    await dead_letters._link.drop()

    await process.publish(failed("a"))
    await process.wait_until_touched("a")
    await wait_until_ready(process)
    assert process.metric("consumer_links_lost_total", link="events") == 0
    assert process.metric("consumer_links_lost_total", link="dead-letters") == 1
    await process.stop()


async def test_lost_connection_is_counted_and_replaced(
    servers: PrivateServers, vhost_of_queues: str, database: Database
) -> None:
    process = ConsumerProcess(servers, vhost_of_queues, database)
    await process.start()
    await close_connections(servers, vhost_of_queues, "review")

    async def is_lost() -> bool:
        return process.metric("consumer_links_lost_total", link="events") == 1

    await process.wait_until(is_lost)
    await wait_until_ready(process)
    await process.publish(failed("a"))
    await process.wait_until_touched("a")
    await process.stop()


async def test_queue_from_which_nothing_comes_is_a_problem(
    servers: PrivateServers, vhost_of_queues: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker holds messages, has a consumer and does not deliver: the link is replaced."""
    process = ConsumerProcess(servers, vhost_of_queues, database)
    monkeypatch.setattr(link, "STALLED_SECONDS", 0.2)
    await process.start()
    opened = process.consumer.links[0]._link
    assert opened is not None
    for watch in opened.watches:
        watch._waiting_since = 0.0
        monkeypatch.setattr(watch, "measure", lambda *_: None)

    async def is_replaced() -> bool:
        return process.consumer.links[0]._link not in {opened, None}

    await process.wait_until(is_replaced)
    await process.publish(failed("a"))
    await process.wait_until_touched("a")
    await process.stop()


async def _nothing(_message: object) -> None:
    await asyncio.sleep(0)


def watch(**changed: Any) -> QueueWatch:  # noqa: ANN401 - fields of a watch
    return QueueWatch(**{"queue": "q", "receive": _nothing, "prefetch": 2} | changed)


def test_time_counts_while_messages_wait_and_none_comes() -> None:
    found = watch()
    found.measure(3, 10.0)
    found.measure(3, 20.0)
    assert found.stalled_for(25.0) == 15.0
    found.delivered += 1
    found.measure(3, 30.0)
    assert found.stalled_for(35.0) == 0.0


@pytest.mark.parametrize("reason", [{"alone": True}, {"in_flight": 2}], ids=str)
def test_time_does_not_count_for_a_standby_or_a_consumer_that_is_full(reason: dict[str, Any]) -> None:
    found = watch(**reason)
    found.measure(3, 10.0)

    assert found.stalled_for(100.0) == 0.0
