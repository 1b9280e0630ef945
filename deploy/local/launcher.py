"""Starts the local stack, watches it, starts and stops single parts on request, and stops it in order."""

import asyncio
import json
from datetime import UTC, datetime
from typing import NoReturn

from chassis.clock import set_simulated
from devkit.servers import MissingServerError, ServerDiedError
from devkit.servers.processes import ManagedProcess

from deploy.local import controls, processes, servers
from deploy.local.console import Screen
from deploy.local.controls import Action, Control, Inbox
from deploy.local.paths import StackPaths
from deploy.local.servers import Servers
from deploy.services import SERVICES, Service

POLL_SECONDS = 0.5
NO_ROOM_BYTES = 64 * 1024**2
"""Free bytes below which a part that ended most likely ended of that."""
STOP_SECONDS = 20
NO_PART = "not a part of this stack"
BEFORE_THE_DEMO = datetime(2026, 1, 5, 1, tzinfo=UTC)


class Launcher:
    """One run of the stack: starts all parts concurrently and stops the services first."""

    def __init__(self, places: StackPaths, screen: Screen) -> None:
        self.places = places
        self.screen = screen
        self.children: dict[str, ManagedProcess] = {}
        self.states: dict[str, str] = {}
        """State of each part: running, stopped, or how it ended."""
        self.servers: Servers
        """Set at the beginning of ``start``."""
        self._mail_server: asyncio.Server | None = None
        self._inbox = Inbox(places)

    async def start(self) -> None:
        """Start everything and wait until all is ready; the error of a failed part carries the end of its log."""
        self.places.require_room()
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
        self._record(dict.fromkeys(self.children, controls.RUNNING))
        self._describe()

    async def stop(self) -> None:
        """Stop the services concurrently, then their servers."""
        for file in (self.places.stack, self.places.parts):
            file.unlink(missing_ok=True)
        services = {service.name for service in SERVICES}
        for stage in (services, self.children.keys() - services):
            running = [self.children.pop(name) for name in stage if name in self.children]
            await asyncio.gather(*(child.stop(STOP_SECONDS) for child in running))
        if self._mail_server is not None:
            self._mail_server.close()

    async def watch(self) -> NoReturn:
        """Report each part that ends by itself, and start and stop parts on request. The others go on.

        Nothing is restarted without being asked for: whoever looks at a fault finds it as it is.
        """
        while True:
            for name in [name for name, child in self.children.items() if not child.running]:
                self._report_end(name, self.children.pop(name))
            for each in self._inbox.waiting():
                if (control := self._inbox.read(each)) is not None:
                    await self._carry_out(control)
                self._inbox.done(each)
            await asyncio.sleep(POLL_SECONDS)

    def _report_end(self, name: str, child: ManagedProcess) -> None:
        self.screen.died(name, child.popen.returncode, child.tail())
        if self.places.free_bytes() < NO_ROOM_BYTES:
            self.screen.info(f"the disk of {self.places.folder} is full: free some first")
        self.screen.info(f"the other parts go on; start it again with make start SERVICE={name}")
        self._record({name: f"ended by itself (exit {child.popen.returncode})"})

    async def _carry_out(self, control: Control) -> None:
        action = self._stop_part if control.action is Action.STOP else self._start_part
        try:
            self._record({control.part: await action(control.part)})
        except ServerDiedError as error:
            self.children.pop(control.part, None)
            self.screen.failed(error)
            self._record({control.part: f"not started: {str(error).partition(chr(10))[0]}"})

    async def _stop_part(self, name: str) -> str:
        child = self.children.pop(name, None)
        if child is not None:
            await child.stop(STOP_SECONDS)
            self.screen.info(f"{name} is stopped; start it again with make start SERVICE={name}")
        return controls.STOPPED if name in self.states else NO_PART

    async def _start_part(self, name: str) -> str:
        if name not in self.children:
            services = {service.name: service for service in SERVICES}
            database = asyncio.Event()
            match name:
                case "broker":
                    await self._broker()
                case "mongod":
                    await self._mongod(database)
                case "prometheus":
                    await self._prometheus()
                case _:
                    database.set()
                    await self._service(services[name], database)
        # A server that is not the stack's own is no child; neither is a Prometheus that is not installed.
        return controls.RUNNING if name in self.children else NO_PART

    def _record(self, states: dict[str, str]) -> None:
        self.states |= states
        controls.record_states(self.places, self.states)

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
