import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import aio_pika
import psutil
import pytest
from aiormq.exceptions import ChannelAccessRefused
from devkit.private_servers import PrivateServers
from devkit.servers import (
    Broker,
    BrokerAdmin,
    MissingServerError,
    Mongod,
    MongodAdmin,
    UnfitServerError,
    free_ports,
    node,
)
from devkit.servers.processes import HOST, has_ended, wait_until_accepting
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

pytestmark = pytest.mark.connected

LAUNCHER = """
import asyncio, sys
from pathlib import Path
from devkit.servers import Mongod
async def main():
    mongod = await Mongod.start(Path(sys.argv[1]))
    print(mongod.process.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def mongo_client(url: str) -> AsyncMongoClient[dict[str, Any]]:
    return AsyncMongoClient(url)


@pytest.fixture
def emptied_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


async def test_service_user_reaches_its_own_database_only(servers: PrivateServers) -> None:
    mine, other = await servers.database("review"), await servers.database("registry")
    async with mongo_client(mine.url) as client:
        await client[mine.name]["cases"].insert_one({"_id": "c1"})

        with pytest.raises(OperationFailure, match="not authorized"):
            await client[other.name]["cases"].find_one({})


async def test_mongod_supports_transactions(servers: PrivateServers) -> None:
    mine = await servers.database("review")
    async with mongo_client(mine.url) as client, client.start_session() as session:
        async with await session.start_transaction():
            await client[mine.name]["cases"].insert_one({"_id": "c1"}, session=session)

        assert await client[mine.name]["cases"].count_documents({}) == 1


async def test_user_of_loaded_definitions_has_exactly_their_permissions(servers: PrivateServers) -> None:
    definitions = {
        "users": [{"name": "reader-of-one"}],
        "queues": [
            {"name": name, "vhost": "/", "durable": True, "auto_delete": False, "arguments": {"x-queue-type": "quorum"}}
            for name in ("own", "foreign")
        ],
        "permissions": [{"user": "reader-of-one", "vhost": "/", "configure": "", "write": "", "read": "^own$"}],
    }
    vhost = await servers.vhost(definitions)

    async with await aio_pika.connect(servers.amqp_url(vhost, "reader-of-one")) as connection:
        channel = await connection.channel()
        own = await channel.get_queue("own", ensure=False)
        assert await own.get(fail=False, no_ack=True) is None
        foreign = await channel.get_queue("foreign", ensure=False)
        with pytest.raises(ChannelAccessRefused):
            await foreign.get(fail=False, no_ack=True)


async def test_queue_counts_include_unacknowledged_deliveries(servers: PrivateServers, vhost: str) -> None:
    async with await aio_pika.connect(servers.amqp_url(vhost)) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("work", durable=True, arguments={"x-queue-type": "quorum"})
        for _ in range(3):
            await channel.default_exchange.publish(aio_pika.Message(b"", delivery_mode=2), "work")
        await queue.get()

        deadline = monotonic() + 10
        while (await servers.broker.queue_counts(vhost)).get("work") != 3:
            assert monotonic() < deadline
            await asyncio.sleep(0.2)


async def test_killed_broker_comes_back_with_its_messages(tmp_path: Path) -> None:
    broker = await Broker.start(tmp_path / "broker")
    try:
        async with await aio_pika.connect(broker.admin_url("/")) as connection:
            channel = await connection.channel()
            await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
            await asyncio.sleep(1)  # queues younger than this can lose confirmed messages (RabbitMQ 3.10.8)
            await channel.default_exchange.publish(aio_pika.Message(b"kept", delivery_mode=2), "kept")
            await broker.kill()
        await broker.restart()

        async with await aio_pika.connect(broker.admin_url("/")) as connection:
            queue = await (await connection.channel()).get_queue("kept")
            message = await queue.get()
            assert message is not None
            assert message.body == b"kept"
    finally:
        await broker.kill()


async def test_stopped_mongod_continues_with_the_data_of_its_folder(tmp_path: Path) -> None:
    first = await Mongod.start(tmp_path)
    await first.add_user("one", "one", "secret")
    await first.kill()

    second = await Mongod.start(tmp_path)
    try:
        async with mongo_client(second.url("one", "secret", "one")) as client:
            await client["one"]["rows"].insert_one({})
    finally:
        await second.stop()


async def test_killed_launcher_leaves_no_mongod(tmp_path: Path) -> None:
    launcher = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LAUNCHER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert launcher.stdout is not None
    mongod = psutil.Process(int(await launcher.stdout.readline()))

    launcher.send_signal(signal.SIGKILL)
    await launcher.wait()

    assert await has_ended(mongod, within=10)


@pytest.mark.parametrize(("server", "port"), [(Mongod, "port"), (Broker, "amqp_port")])
def test_folder_of_another_port_is_refused(tmp_path: Path, server: type[Mongod | Broker], port: str) -> None:
    server_ = server.at(tmp_path)
    first = int(json.loads((tmp_path / "state.json").read_text())[port])

    assert server.at(tmp_path).address == server_.address == server.at(tmp_path, first).address
    with pytest.raises(UnfitServerError, match=f"with {port.replace('_', ' ')} {first}, not {first + 1}$"):
        server.at(tmp_path, first + 1)


async def test_running_broker_is_found_by_its_management_url(servers: PrivateServers) -> None:
    own = servers.broker
    account = f"{own.admin_user}:{own.admin_password}"

    found = await BrokerAdmin.of_url(own.management_url.replace("://", f"://{account}@"))

    assert (found, found.process) == (own, None)
    assert {"/"} <= await found.list_names("vhosts")


async def test_running_replica_set_is_found_by_its_url(servers: PrivateServers) -> None:
    mine = await servers.database("review")

    found = await MongodAdmin.of_url(servers.mongod.admin_url)

    assert (found, found.process) == (servers.mongod, None)
    assert mine.name in await found.databases()


@pytest.mark.parametrize(
    ("server", "url", "reason"),
    [
        (BrokerAdmin, "amqp://admin:x@127.0.0.1:5672", "that of its management"),
        (BrokerAdmin, "http://admin:x@127.0.0.1:1", "no broker answers at http://127.0.0.1:1"),
        (MongodAdmin, "mongodb://127.0.0.1:1/", "mongodb://user:password@host"),
        (MongodAdmin, "mongodb://root:x@127.0.0.1:1/?replicaSet=none", "no replica set answers at 127.0.0.1:1"),
    ],
)
async def test_unusable_server_is_refused_in_one_sentence(
    server: type[BrokerAdmin | MongodAdmin], url: str, reason: str
) -> None:
    with pytest.raises(UnfitServerError, match=reason) as refused:
        await server.of_url(url)

    assert "admin:x" not in str(refused.value)


async def test_wrong_password_is_named_in_the_error(servers: PrivateServers) -> None:
    broker, mongod = servers.broker, servers.mongod
    with pytest.raises(UnfitServerError, match="does not let nobody administer it"):
        await BrokerAdmin.of_url(broker.management_url.replace("://", "://nobody:x@"))
    with pytest.raises(UnfitServerError, match="does not let nobody in"):
        await MongodAdmin.of_url(f"mongodb://nobody:x@{mongod.address}/?{mongod.options}")


def test_the_nodes_monitor_starts_no_port_mapper(tmp_path: Path) -> None:
    """Run what RabbitMQ runs a minute after its start, in the node's environment and with a free port for the mapper.

    `rabbit_epmd_monitor` starts an Erlang with a name, and that starts epmd, as the second run shows.
    """
    starter = [
        "erl",
        "-boot",
        "no_dot_erlang",
        "-sname",
        "epmd-starter-1@localhost",
        "-noinput",
        "-s",
        "erlang",
        "halt",
    ]
    own = node.environment(Broker.at(tmp_path / "broker"))
    node.prepare(Broker.at(tmp_path / "broker"))
    accepting = []
    for name, flags in (("own", own["ERL_ZFLAGS"]), ("without", "")):
        (port,) = free_ports(1)
        variables = {**os.environ, **own, "ERL_EPMD_PORT": str(port), "ERL_ZFLAGS": flags}
        subprocess.run(starter, env=variables, cwd=tmp_path, capture_output=True, check=False, timeout=30)
        if is_listening(port):
            accepting.append(name)
            subprocess.run([str(shutil.which("epmd")), "-kill"], env=variables, capture_output=True, check=True)

    assert accepting == ["without"]
    assert own["ERL_EPMD_ADDRESS"] == HOST
    assert list(tmp_path.rglob("erl_crash.dump")) == []


def is_listening(port: int) -> bool:
    return any(each.laddr.port == port and each.status == "LISTEN" for each in psutil.net_connections("tcp"))


@pytest.mark.usefixtures("emptied_path")
def test_missing_broker_error_names_the_package() -> None:
    with pytest.raises(MissingServerError, match="rabbitmq-server"):
        node.installation()


async def test_wait_for_a_port_ends_in_time() -> None:
    first, second = free_ports(2)
    waiting = asyncio.create_task(wait_until_accepting([first], within=10))
    async with await asyncio.start_server(lambda _reader, writer: writer.close(), HOST, first):
        await waiting
        with pytest.raises(TimeoutError):
            await wait_until_accepting([first, second], within=0.2)


def test_ports_lie_below_the_ephemeral_range() -> None:
    ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert max(ports) < ephemeral
