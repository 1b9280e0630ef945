"""A stack of services as real processes on one vhost with the composed topology, each with a new database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from chassis.clock import set_simulated
from chassis.persistence.mongo import Database, open_database
from chassis.security import add_key
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.private_servers import PrivateServers, ServiceDatabase

from deploy.generate.broker_definitions import composed
from deploy.services import SERVICES, Service
from tests.bench.service_processes import ServiceProcess
from tests.support.race_environment import NOW
from tests.support.service_environment import service_environment

BY_NAME = {each.name: each for each in SERVICES}


@dataclass(frozen=True)
class Stack:
    """The servers, databases and settings of all processes, on 20 April of the simulated year."""

    servers: PrivateServers
    folder: Path
    vhost: str
    databases: dict[str, ServiceDatabase]
    issuer: DevelopmentIssuer

    @classmethod
    async def build(cls, servers: PrivateServers, folder: Path) -> Self:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        issuer = DevelopmentIssuer(folder / "keys", Mode.LOCAL)
        add_key(folder / "persons.toml", "2026")
        set_simulated(folder / "clock.json", NOW)
        databases = {each.name: await servers.database(each.name) for each in SERVICES}
        return cls(servers, folder, await servers.vhost(composed()), databases, issuer)

    async def remove(self) -> None:
        """Remove vhost and databases; the processes have ended."""
        await self.servers.broker.remove_vhost(self.vhost)
        for each in self.databases.values():
            await self.servers.mongod.remove_database(each.name)

    def start(self, name: str, role: str, **variables: str) -> ServiceProcess:
        """Start a process of a service; ``variables`` are more settings of it."""
        service: Service = BY_NAME[name]
        return ServiceProcess.start(service.package, role, self.environment(name) | variables, self.folder)

    def environment(self, name: str) -> dict[str, str]:
        return {
            **service_environment(self.servers.amqp_url(self.vhost, name), self.databases[name], self.issuer),
            "GREEN_LOG_LEVEL": "ERROR",
            "GREEN_PERSON_KEY_FILE": str(self.folder / "persons.toml"),
            "GREEN_CLOCK_FILE": str(self.folder / "clock.json"),
        }

    def open_database(self, name: str) -> Database:
        return open_database(self.servers.mongod.admin_url, self.databases[name].name)
