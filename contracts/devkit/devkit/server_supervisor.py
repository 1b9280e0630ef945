"""Runs the servers of a test session while the session's process lives: `python -m devkit.server_supervisor`."""

import asyncio
import os
import select
import shutil
import sys
from dataclasses import fields
from pathlib import Path

from devkit.private_servers import PrivateServers
from devkit.servers import Broker, BrokerAdmin, MissingServerError, Mongod, MongodAdmin, ServerDiedError


async def supervise(folder: Path, session: int) -> None:
    """Start both servers, write their addresses to the folder, and kill them when the session has ended."""
    session_fd = os.pidfd_open(session)
    async with asyncio.TaskGroup() as starting:
        broker = starting.create_task(Broker.start(folder / "broker"))
        mongod = starting.create_task(Mongod.start(folder / "mongod"))
    servers = PrivateServers(_broker_admin(broker.result()), _mongod_admin(mongod.result()))
    ready = folder / "ready.json"
    ready.write_text(servers.to_json())
    ready.rename(folder / "servers.json")
    await asyncio.to_thread(select.select, [session_fd], [], [])
    await asyncio.gather(broker.result().kill(), mongod.result().kill())


def _broker_admin(broker: Broker) -> BrokerAdmin:
    return BrokerAdmin(**{field.name: getattr(broker, field.name) for field in fields(BrokerAdmin)})


def _mongod_admin(mongod: Mongod) -> MongodAdmin:
    return MongodAdmin(**{field.name: getattr(mongod, field.name) for field in fields(MongodAdmin)})


def main() -> None:
    folder, session = Path(sys.argv[1]), int(sys.argv[2])
    try:
        asyncio.run(supervise(folder, session))
    except* (MissingServerError, ServerDiedError) as group:
        sys.exit("\n".join(str(error) for error in group.exceptions))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
