"""The cluster: private servers, a proxy before the broker, and services as processes that are restarted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Self

from chassis.security import add_key
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.private_servers import PASSWORD, PrivateServers, ServiceDatabase
from devkit.servers import Broker, Mongod
from devkit.servers.processes import free_ports, wait_until_accepting

from deploy.generate.broker_definitions import composed
from deploy.services import SERVICES, Service
from tests.faults.proxy import TcpProxy
from tests.support.service_environment import service_environment
from tests.support.worker import Worker, count_duplicates, crashes_of

API = ("applications", "assessor-quota")
"""Services that the client calls; their first process serves HTTP."""
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
    proxy: TcpProxy
    issuer: DevelopmentIssuer
    vhost: str
    databases: dict[str, ServiceDatabase]
    ports: dict[str, int]
    workers: list[Worker] = field(default_factory=list)
    _points: tuple[str, ...] = ()
    _variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    async def build(cls, folder: Path) -> Self:
        broker, mongod = await asyncio.gather(Broker.start(folder / "broker"), Mongod.start(folder / "mongod"))
        servers = PrivateServers(broker, mongod)
        vhost = await servers.vhost(composed())
        databases = {service.name: await servers.database(service.name) for service in SERVICES}
        first, *ports = free_ports(1 + len(API))
        proxy = await TcpProxy(broker.amqp_port).start(first)
        issuer = DevelopmentIssuer(folder / "keys", Mode.LOCAL)
        add_key(folder / "persons.toml", "2026")
        return cls(folder, broker, mongod, proxy, issuer, vhost, databases, dict(zip(API, ports, strict=True)))

    @property
    def faults_file(self) -> Path:
        return self.folder / "faults"

    @property
    def clock_file(self) -> Path:
        return self.folder / "clock.json"

    def start(self, environment: Mapping[str, str], points: tuple[str, ...]) -> None:
        self._points, self._variables = points, environment
        for service in SERVICES:
            for index, role in enumerate(PROCESSES[service.name]):
                serves_http = index == 0 and service.name in API
                more = {"GREEN_PORT": str(self.ports[service.name])} if serves_http else {}
                self._add(service, role, points, {**environment, **_ports(), **more})

    async def ready(self) -> None:
        await wait_until_accepting(self.ports.values(), within=READY_WITHIN)

    def kill_one(self, generator: Random) -> bool:
        """Kill a random living process; False when none lives."""
        living = [each for each in self.workers if each.is_alive]
        return bool(living) and generator.choice(living).kill()

    def add_worker(self, service: str) -> None:
        """Start one more process that consumes the queues of a service, as at the peak."""
        (found,) = (each for each in SERVICES if each.name == service)
        self._add(found, "worker", self._points, {**self._variables, **_ports()})

    async def drain_worker(self, service: str) -> bool:
        """Stop the oldest living worker of a service in order and for good; False when none lives or it crashed."""
        living = (each for each in self.workers if each.name.startswith(f"{service}-worker-") and each.is_alive)
        worker = next(living, None)
        return worker is not None and await worker.retire()

    async def restart_broker(self) -> None:
        await self.broker.kill()
        await self.broker.restart()

    async def cut_links_during_database_pause(self, seconds: float = 1.5) -> bool:
        """Pause the database and meanwhile cut every connection to the broker; False when there was none."""
        self.mongod.pause()
        try:
            await asyncio.sleep(seconds / 2)
            cut_connections = self.proxy.cut()
            await asyncio.sleep(seconds / 2)
        finally:
            self.mongod.resume()
        return cut_connections > 0

    async def silence_links(self, seconds: float = 25) -> None:
        """Let no byte pass the open connections to the broker until the heartbeats of both ends are overdue."""
        self.proxy.stall()
        await asyncio.sleep(seconds)
        self.proxy.resume()

    def activate_faults(self) -> None:
        """From now on processes crash at failpoints and events are published twice."""
        self.faults_file.touch()

    def heal(self) -> None:
        self.faults_file.unlink()

    def crashes(self) -> Counter[str]:
        """Failpoint → how often a process crashed there."""
        return crashes_of(self.workers)

    def count_duplicates(self) -> int:
        return count_duplicates(self.workers)

    async def stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        await self.proxy.stop()
        await asyncio.gather(self.broker.stop(), self.mongod.stop())

    def _add(self, service: Service, role: str, points: tuple[str, ...], environment: Mapping[str, str]) -> None:
        label = f"{service.name}-{role}-{len(self.workers)}"
        variables = self._environment(service.name, role) | dict(environment)
        worker = Worker(label, service.package, variables, self._log(label), len(self.workers), points)
        worker.start()
        self.workers.append(worker)

    def _log(self, label: str) -> Path:
        (self.folder / "logs").mkdir(exist_ok=True)
        return self.folder / "logs" / f"{label}.log"

    def _environment(self, name: str, role: str) -> dict[str, str]:
        amqp_url = self.broker.url(name, PASSWORD, self.vhost).replace(
            f":{self.broker.amqp_port}/", f":{self.proxy.port}/"
        )
        return {
            **service_environment(amqp_url, self.databases[name], self.issuer),
            "FAULTS_FILE": str(self.faults_file),
            "GREEN_ROLE": role,
            "GREEN_PERSON_KEY_FILE": str(self.folder / "persons.toml"),
            "GREEN_CLOCK_FILE": str(self.clock_file),
        }


def _ports() -> dict[str, str]:
    """Return free ports for one more process."""
    port, monitoring = free_ports(2)
    return {"GREEN_PORT": str(port), "GREEN_MONITORING_PORT": str(monitoring)}
