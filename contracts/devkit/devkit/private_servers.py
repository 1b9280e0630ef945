"""One broker and one database for a test session, shared by its workers."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self
from uuid import uuid4

from devkit.servers import BrokerAdmin, MongodAdmin, ServerDiedError

START_SECONDS = 120
PASSWORD = "servers"  # noqa: S105 - of users on a throw-away broker
VHOST_OBJECTS = ("exchanges", "queues", "bindings", "policies", "permissions", "topic_permissions", "parameters")


class ServiceDatabase(NamedTuple):
    """A new database and the URL of its own user, who may use no other."""

    name: str
    url: str


@dataclass(frozen=True)
class PrivateServers:
    """The servers of a test session; they end with it, however it ends."""

    broker: BrokerAdmin
    mongod: MongodAdmin

    @classmethod
    def join(cls, folder: Path, session: int) -> Self:
        """Return the servers of this folder; the first caller starts them for the life of the session's process."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "servers.json").exists():
                _supervise(folder, session)
        addresses = json.loads((folder / "servers.json").read_text())
        return cls(BrokerAdmin(**addresses["broker"]), MongodAdmin(**addresses["mongod"]))

    def to_json(self) -> str:
        return json.dumps({"broker": asdict(self.broker), "mongod": asdict(self.mongod)})

    async def vhost(self, definitions: Mapping[str, Any] | None = None) -> str:
        """Create a vhost under an unused name, with these definitions.

        A recycled name can lose confirmed messages of quorum queues when the node is killed (RabbitMQ 3.10.8).
        """
        name = f"test-{uuid4().hex[:12]}"
        await self.broker.add_vhost(name)
        if definitions is not None:
            await self.broker.import_definitions(rebase_definitions(definitions, name))
        return name

    def amqp_url(self, vhost: str, user: str | None = None) -> str:
        """Return the URL for a user of the imported definitions, or for the administrator."""
        return self.broker.url(user, PASSWORD, vhost) if user else self.broker.admin_url(vhost)

    async def database(self, service: str) -> ServiceDatabase:
        name = f"{service.replace('-', '_')}_{uuid4().hex[:12]}"
        await self.mongod.add_user(name, name, PASSWORD)
        return ServiceDatabase(name, self.mongod.url(name, PASSWORD, name))


def rebase_definitions(definitions: Mapping[str, Any], vhost: str) -> dict[str, Any]:
    """Move definitions to this vhost, and give their users the test password."""
    result = {key: [{**entry, "vhost": vhost} for entry in definitions.get(key, [])] for key in VHOST_OBJECTS}
    users = [{"tags": "", **user, "password": PASSWORD} for user in definitions.get("users", [])]
    return {**result, "users": users, "vhosts": [{"name": vhost}]}


def _supervise(folder: Path, session: int) -> None:
    command = [sys.executable, "-m", "devkit.server_supervisor", str(folder), str(session)]
    with (folder / "supervisor.log").open("wb") as log:
        supervisor = subprocess.Popen(  # noqa: S603 - this very project's program
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=os.environ
        )
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "servers.json").exists():
        if supervisor.poll() is not None or time.monotonic() > deadline:
            raise ServerDiedError((folder / "supervisor.log").read_text() or "the test servers are not ready")
        time.sleep(0.05)
    # The supervisor outlives this worker on purpose; it watches the session's process.
    supervisor.returncode = 0
