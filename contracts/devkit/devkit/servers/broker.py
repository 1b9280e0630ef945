"""A private RabbitMQ node with its own name, cookie, ports and plugins, in its own folder."""

import os
from pathlib import Path
from typing import Self

from chassis.broker.limits import MESSAGE_MAX_BYTES

from devkit.servers.admin import BrokerAdmin
from devkit.servers.node import environment, prepare
from devkit.servers.processes import HOST, ManagedProcess, load_or_create_state, require_free

START_SECONDS = 120
STOP_SECONDS = 20


class Broker(BrokerAdmin):
    """A RabbitMQ node; `start` on the folder of a stopped one resumes with its data."""

    max_message_bytes = MESSAGE_MAX_BYTES

    def __init__(self, folder: Path, state: dict[str, int | str]) -> None:
        self.amqp_port = int(state["amqp_port"])
        self.management_port = int(state["management_port"])
        self.prometheus_port = int(state["prometheus_port"])
        self.dist_port = int(state["dist_port"])
        super().__init__(
            address=f"{HOST}:{self.amqp_port}",
            management_url=f"http://{HOST}:{self.management_port}",
            prometheus_url=f"http://{HOST}:{self.prometheus_port}/metrics",
            admin_user="admin",
            admin_password=str(state["admin_password"]),
        )
        self.folder = folder
        self._child: ManagedProcess | None = None

    @classmethod
    def at(
        cls,
        folder: Path,
        amqp_port: int | None = None,
        *,
        management_port: int | None = None,
        prometheus_port: int | None = None,
        dist_port: int | None = None,
    ) -> Self:
        """Return the node of this folder, new or from an earlier run, with the ports of its first start."""
        ports = {
            "amqp_port": amqp_port,
            "management_port": management_port,
            "prometheus_port": prometheus_port,
            "dist_port": dist_port,
        }
        return cls(folder, load_or_create_state(folder, ports))

    @classmethod
    async def start(cls, folder: Path) -> Self:
        """Start on this folder, with free ports if it is new, and wait until it serves."""
        broker = cls.at(folder)
        await broker.restart()
        return broker

    @property
    def process(self) -> ManagedProcess:
        if self._child is None:
            raise RuntimeError(f"the node of {self.folder} was never started")
        return self._child

    async def restart(self) -> None:
        """Start on its folder and ports, for the first time or after `kill` or `stop`, and wait until it serves."""
        for port in (self.amqp_port, self.management_port, self.prometheus_port, self.dist_port):
            require_free(port, "rabbitmq")
        program = prepare(self)
        self._child = ManagedProcess(
            [str(program)], log=self.folder / "rabbitmq.log", environment={**os.environ, **environment(self)}
        )
        await self._child.wait_until(self.is_serving, within=START_SECONDS)

    async def kill(self) -> None:
        """Kill the Erlang VM with SIGKILL, like a power cut."""
        await self.process.kill()

    async def stop(self) -> None:
        await self.process.stop(STOP_SECONDS)
