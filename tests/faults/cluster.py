"""The system under test: private servers, a link to the broker, and services as processes that are started again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Self

from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.security.pseudonyms import add_key
from chassis.settings import Mode
from devkit.private_servers import PrivateServers, ServiceDatabase
from devkit.servers import Broker, Mongod
from devkit.servers.processes import free_ports, until_accepting

from deploy.generate.broker_definitions import composed
from deploy.services import SERVICES, Service
from tests.faults.proxy import TcpProxy
from tests.support.service_environment import service_environment
from tests.support.worker import Worker, dead_at, said_twice

API = ("applications", "assessor-quota")
"""Services that the client calls; their first process answers HTTP."""
PROCESSES = {
    "applications": ("api", "worker"),
    "assessor-quota": ("all", "worker"),
    "review": ("worker", "worker"),
    "registry": ("worker",),
    "notify": ("worker",),
}
"""Roles of the processes of each service."""
READY_WITHIN = 240


@dataclass
class Cluster:
    """Everything a fault run needs."""

    folder: Path
    broker: Broker
    mongod: Mongod
    link: TcpProxy
    issuer: DevelopmentIssuer
    vhost: str
    databases: dict[str, ServiceDatabase]
    ports: dict[str, int]
    workers: list[Worker] = field(default_factory=list)

    @classmethod
    async def build(cls, folder: Path) -> Self:
        broker, mongod = await asyncio.gather(Broker.start(folder / "broker"), Mongod.start(folder / "mongod"))
        stand = PrivateServers(broker, mongod)
        vhost = await stand.vhost(composed())
        databases = {service.name: await stand.database(service.name) for service in SERVICES}
        first, *ports = free_ports(1 + len(API))
        link = await TcpProxy(broker.amqp_port).start(first)
        issuer = DevelopmentIssuer(folder / "keys", Mode.LOCAL)
        add_key(folder / "persons.toml", "2026")
        (folder / "files").mkdir()
        return cls(folder, broker, mongod, link, issuer, vhost, databases, dict(zip(API, ports, strict=True)))

    @property
    def storm_sign(self) -> Path:
        return self.folder / "storm"

    @property
    def clock_file(self) -> Path:
        return self.folder / "clock.json"

    def start(self, environment: Mapping[str, str], points: tuple[str, ...]) -> None:
        for service in SERVICES:
            for place, role in enumerate(PROCESSES[service.name]):
                answers = place == 0 and service.name in API
                port = self.ports[service.name] if answers else free_ports(1)[0]
                self._add(service, role, points, {**environment, "GREEN_PORT": str(port)})

    async def ready(self) -> None:
        await until_accepting(self.ports.values(), within=READY_WITHIN)

    def kill_one(self, dice: Random) -> bool:
        """Kill a process by lot; False when that one was dead already."""
        return dice.choice(self.workers).kill()

    async def restart_broker(self) -> None:
        await self.broker.kill()
        await self.broker.restart()

    async def cut_while_stalled(self, seconds: float = 1.5) -> bool:
        """The database stands still, and meanwhile every link to the broker is torn; False when there was none."""
        self.mongod.pause()
        try:
            await asyncio.sleep(seconds / 2)
            torn = self.link.cut()
            await asyncio.sleep(seconds / 2)
        finally:
            self.mongod.resume()
        return torn > 0

    async def pause_database(self, seconds: float = 25) -> None:
        """Nothing passes the links to the broker, which stay open, until the heartbeats of both ends are overdue."""
        self.link.stall()
        await asyncio.sleep(seconds)
        self.link.resume()

    def faults_active(self) -> None:
        """From now on processes die at the named points and events are said twice."""
        self.storm_sign.touch()

    def heal(self) -> None:
        self.storm_sign.unlink()

    def deaths(self) -> Counter[str]:
        """Named point → how often a process died there."""
        return dead_at(self.workers)

    def duplicates_published(self) -> int:
        return said_twice(self.workers)

    async def stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        await self.link.stop()
        await asyncio.gather(self.broker.stop(), self.mongod.stop())

    def _add(self, service: Service, role: str, points: tuple[str, ...], environment: Mapping[str, str]) -> None:
        label = f"{service.name}-{role}-{len(self.workers)}"
        known = self._environment(service.name, role) | dict(environment)
        worker = Worker(label, service.package, known, self._log(label), len(self.workers), points)
        worker.start()
        self.workers.append(worker)

    def _log(self, label: str) -> Path:
        (self.folder / "logs").mkdir(exist_ok=True)
        return self.folder / "logs" / f"{label}.log"

    def _environment(self, name: str, role: str) -> dict[str, str]:
        through_link = self.broker.url(name, "stand", self.vhost).replace(
            f":{self.broker.amqp_port}/", f":{self.link.port}/"
        )
        return {
            **service_environment(through_link, self.databases[name], self.issuer),
            "FAULTS_STORM": str(self.storm_sign),
            "GREEN_ROLE": role,
            "GREEN_FILES_DIR": str(self.folder / "files"),
            "GREEN_PERSON_KEY_FILE": str(self.folder / "persons.toml"),
            "GREEN_CLOCK_FILE": str(self.clock_file),
        }
