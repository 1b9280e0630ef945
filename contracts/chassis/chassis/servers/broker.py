"""A private RabbitMQ node: own name, cookie, ports and plugins, in a folder of its own."""

import os
from pathlib import Path
from typing import Self

from chassis.servers.admin import BrokerAdmin
from chassis.servers.node import environment, prepare
from chassis.servers.processes import Child, free_ports, kept_state, new_secret, require_free

START_SECONDS = 120
STOP_SECONDS = 20


class Broker(BrokerAdmin):
    """A running node; stopped nodes keep their data, and `start` on the folder goes on with it."""

    def __init__(self, folder: Path, state: dict[str, int | str]) -> None:
        super().__init__(
            amqp_port=int(state["amqp_port"]),
            management_port=int(state["management_port"]),
            prometheus_port=int(state["prometheus_port"]),
            admin_user="admin",
            admin_password=str(state["admin_password"]),
        )
        self.dist_port = int(state["dist_port"])
        self.folder = folder
        self._child: Child | None = None

    @classmethod
    async def start(
        cls,
        folder: Path,
        amqp_port: int | None = None,
        *,
        management_port: int | None = None,
        prometheus_port: int | None = None,
        dist_port: int | None = None,
    ) -> Self:
        """Start on this folder, new or left by an earlier run, and wait until it serves.

        The ports are those of the folder's first start; ports asked for later are not looked at.
        """
        asked = (amqp_port, management_port, prometheus_port, dist_port)
        broker = cls(folder, kept_state(folder, lambda: _first_state(asked)))
        await broker.restart()
        return broker

    @property
    def process(self) -> Child:
        if self._child is None:
            raise RuntimeError(f"the node of {self.folder} was never started")
        return self._child

    async def restart(self) -> None:
        """Start again on the same folder and ports after `kill` or `stop`."""
        for port in (self.amqp_port, self.management_port, self.prometheus_port, self.dist_port):
            require_free(port, "rabbitmq")
        program = prepare(self)
        self._child = Child(
            [str(program)], log=self.folder / "rabbitmq.log", environment={**os.environ, **environment(self)}
        )
        await self._child.until(self.serves, within=START_SECONDS)

    async def kill(self) -> None:
        """End the Erlang machine with SIGKILL, as a power cut would."""
        await self.process.kill()

    async def stop(self) -> None:
        await self.process.stop(STOP_SECONDS)


def _first_state(asked: tuple[int | None, ...]) -> dict[str, int | str]:
    names = ("amqp_port", "management_port", "prometheus_port", "dist_port")
    ports = {name: port or free for name, port, free in zip(names, asked, free_ports(len(names)), strict=True)}
    return {**ports, "admin_password": new_secret()}
