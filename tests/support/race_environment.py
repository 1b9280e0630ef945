"""The environment of a race: the topology on a vhost, without a single active consumer, a database, and workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx2
from chassis.broker.publisher import BrokerPublisher
from chassis.clock import set_simulated
from chassis.outbox.entries import Causation, entry, event_id
from chassis.security import add_key
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.private_servers import PrivateServers, ServiceDatabase
from devkit.servers.processes import free_ports, wait_until_accepting
from messages.event import Event

from deploy.generate.broker_definitions import composed
from tests.support.load_data import Assessor
from tests.support.service_environment import service_environment
from tests.support.worker import Worker

SERVICE, PACKAGE = "assessor-quota", "assessor_quota"
PUBLISHER = "applications"
NOW = datetime(2026, 4, 20, 2, tzinfo=UTC)
READY_WITHIN = 60
SINGLE_ACTIVE = "x-single-active-consumer"


def with_competing_consumers(definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definitions with every consumer of the ledgers active: the version check alone must hold then (Q2)."""
    queues = [
        {**each, "arguments": {name: each["arguments"][name] for name in each["arguments"] if name != SINGLE_ACTIVE}}
        for each in definitions["queues"]
    ]
    return {**definitions, "queues": queues}


@dataclass(frozen=True)
class WorkerStart:
    """Role, failpoints and lives of one process."""

    role: str = "worker"
    points: tuple[str, ...] = ()
    lives: int | None = 1
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True)
class RaceEnvironment:
    """One database and one vhost for all rounds of a test; each round has its own legal representative."""

    servers: PrivateServers
    vhost: str
    database: ServiceDatabase
    folder: Path
    issuer: DevelopmentIssuer

    @classmethod
    async def build(cls, servers: PrivateServers, folder: Path, definitions: Mapping[str, Any] | None = None) -> Self:
        issuer = DevelopmentIssuer(folder / "keys", Mode.LOCAL)
        add_key(folder / "persons.toml", "2026")
        set_simulated(folder / "clock.json", NOW)
        (folder / "faults").touch()
        return cls(
            servers,
            await servers.vhost(definitions or with_competing_consumers(composed())),
            await servers.database(SERVICE),
            folder,
            issuer,
        )

    @asynccontextmanager
    async def workers(self, starts: Sequence[WorkerStart]) -> AsyncIterator[list[Worker]]:
        """Start processes and wait for their ports; stop at the end those that still live."""
        ports = free_ports(2 * len(starts))
        monitored = ports[len(starts) :]
        workers = [self._worker(*each) for each in zip(starts, ports, monitored, strict=False)]
        for worker in workers:
            worker.start()
        try:
            await wait_until_accepting(monitored, within=READY_WITHIN)
            yield workers
        finally:
            await asyncio.gather(*(worker.stop() for worker in workers))

    async def register(self, assessors: Sequence[Assessor]) -> None:
        """Register them over HTTP, as the region does."""
        async with self.workers([WorkerStart("api")]) as (process,), httpx2.AsyncClient(trust_env=False) as http:
            token = self.issuer.mint(role="regional_officer")
            for assessor in assessors:
                answer = await http.post(
                    f"http://127.0.0.1:{process.environment['GREEN_PORT']}/v1/assessors",
                    json=assessor.registration(),
                    headers={"Authorization": f"Bearer {token}", "Idempotency-Key": assessor.uscc},
                )
                assert answer.status_code == 201, answer.text

    async def publish(self, events: Sequence[Event]) -> None:
        """Publish all of them at once, as the applications service."""
        publisher = BrokerPublisher(self.servers.amqp_url(self.vhost, PUBLISHER))
        refused = await publisher.send([entry(each, Causation(event_id(each)), NOW) for each in events])
        await publisher.close()
        assert refused == [None] * len(events)

    def _worker(self, start: WorkerStart, port: int, monitored: int) -> Worker:
        ports = {"GREEN_PORT": str(port), "GREEN_MONITORING_PORT": str(monitored)}
        variables = {**self.environment, "GREEN_ROLE": start.role, **ports, **(start.environment or {})}
        log = self.folder / f"{start.role}-{port}.log"
        log.touch()
        return Worker(f"{start.role}-{port}", PACKAGE, variables, log, 0, start.points, start.lives)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **service_environment(self.servers.amqp_url(self.vhost, SERVICE), self.database, self.issuer),
            "FAULTS_FILE": str(self.folder / "faults"),
            "FAULTS_MIN_HITS": "1",
            "GREEN_PERSON_KEY_FILE": str(self.folder / "persons.toml"),
            "GREEN_CLOCK_FILE": str(self.folder / "clock.json"),
        }
