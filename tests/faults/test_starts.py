"""A worker that starts while its link to the broker is being lost ends up consuming: real processes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from chassis.broker.publisher import BrokerPublisher
from chassis.outbox.entries import Causation, entry, event_id
from chassis.persistence.mongo import open_database
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.cutting_proxy import CuttingProxy
from devkit.private_servers import PrivateServers
from devkit.servers.processes import free_ports, wait_until_accepting
from messages.review import CaseClosed

from deploy.generate.broker_definitions import composed
from tests.contention.season_messages import ApplicationMessages
from tests.contracts.seed import NOW
from tests.support.service_environment import service_environment
from tests.support.worker import Worker

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

STARTS = int(os.environ.get("FAULTS_STARTS", "20"))
CONSUMES_WITHIN = 60


async def test_process_that_starts_through_a_breaking_link_ends_up_consuming(
    servers: PrivateServers, tmp_path: Path
) -> None:
    vhost, database = await servers.vhost(composed()), await servers.database("registry")
    opened = open_database(database.url, database.name, "pymongo")
    issuer = DevelopmentIssuer(tmp_path / "keys", Mode.LOCAL)
    publisher = BrokerPublisher(servers.amqp_url(vhost, "review"))
    broker_port = int(servers.broker.address.rpartition(":")[2])
    async with CuttingProxy(broker_port) as proxy:
        url = servers.amqp_url(vhost, "registry").replace(f":{broker_port}/", f":{proxy.port}/")
        whole = 0
        for number in range(STARTS):
            (port,) = free_ports(1)
            environment = {
                **service_environment(url, database, issuer),
                "FAULTS_FILE": str(tmp_path / "faults"),
                "GREEN_ROLE": "worker",
                "GREEN_MONITORING_PORT": str(port),
            }
            log = tmp_path / f"worker-{number}.log"
            log.touch()
            if number == 0:
                proxy.passed = 0  # this start is not cut: it measures the others
            else:
                proxy.cut_after(1 + whole * number // STARTS)
            worker = Worker(f"registry-{number}", "registry", environment, log, 0, ())
            worker.start()
            closed = ApplicationMessages(number).build(CaseClosed)
            assert await publisher.send([entry(closed, Causation(event_id(closed)), NOW)]) == [None]
            await wait_until_accepting([port], within=CONSUMES_WITHIN)
            async with asyncio.timeout(CONSUMES_WITHIN):
                while not await opened.count("clearances", {"_id": closed.subject}):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
            whole = whole or proxy.passed
            assert await worker.stop()
        assert proxy.cuts == STARTS - 1
    await publisher.close()
    await opened.close()
