"""A running broker and database are used by the stack and given back as they were."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from devkit.servers import Broker, Mongod

from deploy.generate.broker_definitions import VHOST
from deploy.services import SERVICES
from tests.integration.local_stack import STOP_SECONDS, Environment, environment_in, launch, readiness, run_command

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

USERS = {service.name for service in SERVICES}
DATABASES = {service.database for service in SERVICES}


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    # Not the session's: a broker has one user of a name, and other tests name theirs after the services.
    broker = await Broker.start(tmp_path_factory.mktemp("broker"))
    yield broker
    await broker.kill()


@pytest.fixture(scope="module")
async def mongod(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mongod]:
    mongod = await Mongod.start(tmp_path_factory.mktemp("mongod"))
    yield mongod
    await mongod.kill()


def environment_with(broker: Broker, mongod: Mongod, folder: Path) -> Environment:
    account = f"{broker.admin_user}:{broker.admin_password}"
    management = broker.management_url.replace("://", f"://{account}@")
    return environment_in(folder, GREEN_LOCAL_BROKER=management, GREEN_LOCAL_MONGO=mongod.admin_url)


async def test_running_servers_are_used_and_given_back(broker: Broker, mongod: Mongod, tmp_path: Path) -> None:
    await broker.add_vhost("somebody-elses")
    await mongod.add_user("somebody_elses", "somebody", "secret")
    environment = environment_with(broker, mongod, tmp_path / "local")

    with launch(environment) as (launcher, stack):
        ready = readiness(stack)
        programs = {each.name() for each in psutil.Process(launcher.pid).children(recursive=True)}
        launcher.send_signal(signal.SIGINT)
        assert launcher.wait(STOP_SECONDS) == 0
    assert ready == dict.fromkeys(USERS, 200)
    assert {name for name in programs if "mongod" in name or "beam" in name or "erl" in name} == set()
    assert VHOST in await broker.list_names("vhosts")

    unset = {name: value for name, value in environment.items() if not name.startswith("GREEN_LOCAL_BROKER")}
    answer = await asyncio.to_thread(run_command, unset, "reset")
    assert answer.returncode == 0, answer.stderr
    assert await broker.list_names("vhosts") == {"/", "somebody-elses"}
    assert await broker.list_names("users") == {"admin"}
    assert DATABASES & await mongod.databases() == set()
    assert "somebody_elses" in await mongod.databases()


async def test_first_start_refuses_vhost_and_users_of_others(broker: Broker, mongod: Mongod, tmp_path: Path) -> None:
    await broker.add_vhost(VHOST)
    await mongod.add_user("review", "review", "secret")
    environment = environment_with(broker, mongod, tmp_path / "local")

    with_broker = await asyncio.to_thread(run_command, environment, "up")
    await broker.remove_vhost(VHOST)
    with_database = await asyncio.to_thread(run_command, environment, "up")
    reset = await asyncio.to_thread(run_command, environment, "reset")

    assert (with_broker.returncode, with_database.returncode, reset.returncode) == (1, 1, 0)
    assert f"the broker at {broker.management_url} has green already" in with_broker.stdout
    assert f"the database at {mongod.address} has review already" in with_database.stdout
    assert "review" in await mongod.databases()
