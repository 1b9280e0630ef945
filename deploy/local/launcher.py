"""Starts the local stack, watches it, and stops it in order."""

import asyncio
import json
from datetime import UTC, datetime

from chassis.clock import set_simulated
from devkit.servers import MissingServerError
from devkit.servers.processes import ManagedProcess

from deploy.local import processes, servers
from deploy.local.console import Screen
from deploy.local.paths import StackPaths
from deploy.local.servers import Servers
from deploy.services import SERVICES, Service

POLL_SECONDS = 0.5
STOP_SECONDS = 20
BEFORE_THE_DEMO = datetime(2026, 1, 5, 1, tzinfo=UTC)


class Launcher:
    """One run of the stack: starts all parts concurrently and stops the services first."""

    def __init__(self, places: StackPaths, screen: Screen) -> None:
        self.places = places
        self.screen = screen
        self.children: dict[str, ManagedProcess] = {}
        self.servers: Servers
        """Set at the beginning of ``start``."""
        self._mail_server: asyncio.Server | None = None

    async def start(self) -> None:
        """Start everything and wait until all is ready; the error of a failed part carries the end of its log."""
        self.places.prepare()
        if not self.places.clock.exists():
            set_simulated(self.places.clock, BEFORE_THE_DEMO)
        self.servers = await servers.find(self.places)
        database = asyncio.Event()
        async with asyncio.TaskGroup() as parts:
            for part in (self._mail(), self._prometheus(), self._broker(), self._mongod(database)):
                parts.create_task(part)
            for service in SERVICES:
                parts.create_task(self._service(service, database))
        self._describe()

    async def stop(self) -> None:
        """Stop the services concurrently, then their servers."""
        self.places.stack.unlink(missing_ok=True)
        services = {service.name for service in SERVICES}
        for stage in (services, self.children.keys() - services):
            running = [self.children.pop(name) for name in stage if name in self.children]
            await asyncio.gather(*(child.stop(STOP_SECONDS) for child in running))
        if self._mail_server is not None:
            self._mail_server.close()

    async def watch(self) -> None:
        """Return when a part has ended by itself; it is reported, not restarted."""
        while not (dead := [name for name, child in self.children.items() if not child.running]):  # noqa: ASYNC110 - the end of a process sets no event
            await asyncio.sleep(POLL_SECONDS)
        for name in dead:
            child = self.children.pop(name)
            self.screen.died(name, child.popen.returncode, child.tail())

    async def _mail(self) -> None:
        async with self.screen.step("mail"):
            self._mail_server = await servers.start_mail(self.places)

    async def _prometheus(self) -> None:
        try:
            async with self.screen.step("prometheus"):
                self.children["prometheus"] = await servers.start_prometheus(self.places, self.servers.broker)
        except MissingServerError as why:
            self.screen.missing("prometheus", why)

    async def _broker(self) -> None:
        async with self.screen.step("broker"):
            await servers.prepare_broker(self.servers.broker, self.places)
        self._watch("broker", self.servers.broker.process)

    async def _mongod(self, database: asyncio.Event) -> None:
        async with self.screen.step("mongod"):
            await servers.prepare_mongod(self.servers.mongod, self.places)
        self._watch("mongod", self.servers.mongod.process)
        database.set()

    def _watch(self, name: str, process: ManagedProcess | None) -> None:
        """Watch the server, unless it ran before: then it is not ours to watch and stop."""
        if process is not None:
            self.children[name] = process

    async def _service(self, service: Service, database: asyncio.Event) -> None:
        # A service waits for the broker by itself; the five programs load while the broker starts.
        await database.wait()
        async with self.screen.step(service.name):
            child = self.children[service.name] = processes.start_service(service, self.places, self.servers)
            await processes.until_ready(service, child, self.places)

    def _describe(self) -> None:
        """Write the description of the stack for other programs on this machine."""
        places = self.places
        described = {
            "services": {service.name: places.address(service.name) for service in SERVICES},
            "monitoring": {service.name: places.monitoring_address(service.name) for service in SERVICES},
            "keys": str(places.keys),
            "clock": str(places.clock),
            "mail": str(places.mail),
            "management": self.servers.broker.management_url,
            "prometheus": places.address("prometheus") if "prometheus" in self.children else None,
        }
        places.stack.write_text(json.dumps(described, indent=2), encoding="utf-8")
