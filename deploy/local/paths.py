"""Paths, ports and secrets of the local stack."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from chassis.security import add_key
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.servers.processes import HOST, new_secret, write_private

from deploy.services import SERVICES

ROOT = Path(__file__).resolve().parents[2]
FIRST_PORT = 18100
MARK = "local-stack"
"""File that marks a stack's folder; `reset` removes no other folder."""
SERVERS = ("amqp", "management", "broker-metrics", "erlang", "mongo", "prometheus", "smtp")


LAST_PORT = 65535
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+@%=:,~-]+")
MIN_FREE_BYTES = 1024**3
"""Room on the disk of a stack: the broker stops taking messages below 50 MB, mongod ends when there is none."""


class ForeignFolderError(RuntimeError):
    """The folder holds other things than a stack; the message says what to do."""


class UnfitPlaceError(RuntimeError):
    """The folder or the ports cannot carry a stack; the message says why, and which others to name."""


def _monitoring(service: str) -> str:
    return f"{service}-monitoring"


_SERVICES = [service.name for service in SERVICES]
PORTS = (*_SERVICES, *SERVERS, *map(_monitoring, _SERVICES))
"""Names of the ports, in the order of their numbers."""


def _first_port(text: str) -> int:
    highest = LAST_PORT - len(PORTS)
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= highest:  # noqa: PLR2004 - the first port of a user
        raise UnfitPlaceError(f"GREEN_LOCAL_FIRST_PORT is {text!r}: name a number from 1024 to {highest}")
    return int(text)


@dataclass(frozen=True)
class StackPaths:
    """Paths and ports of one local stack; starts nothing."""

    folder: Path
    first_port: int

    @classmethod
    def of_environment(cls) -> Self:
        """Return the default paths, or those in the environment, for a second stack on this machine."""
        folder = os.environ.get("GREEN_LOCAL_FOLDER", str(ROOT / ".local"))
        return cls(Path(folder).resolve(), _first_port(os.environ.get("GREEN_LOCAL_FIRST_PORT", str(FIRST_PORT))))

    def port(self, name: str) -> int:
        return self.first_port + 1 + PORTS.index(name)

    def monitoring_port(self, service: str) -> int:
        """Return the port of a service's health, metrics and document of the interface."""
        return self.port(_monitoring(service))

    def monitoring_address(self, service: str) -> str:
        return self.address(_monitoring(service))

    def address(self, name: str) -> str:
        return f"http://{HOST}:{self.port(name)}"

    def log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def person_keys(self) -> Path:
        return self.keys / "persons.toml"

    @property
    def clock(self) -> Path:
        return self.folder / "clock.json"

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    @property
    def stack(self) -> Path:
        return self.folder / "stack.json"

    @property
    def parts(self) -> Path:
        """Return the file that says what each part of the running stack does."""
        return self.folder / "parts.json"

    @property
    def controls(self) -> Path:
        """Return the folder of requests to the launcher."""
        return self.folder / "controls"

    @property
    def lock(self) -> Path:
        """Return the file that a running launcher locks."""
        return self.folder / "lock"

    @property
    def demo_done(self) -> Path:
        return self.folder / "demo.done"

    @property
    def servers(self) -> Path:
        """Return the file that records which servers the data belong to."""
        return self.folder / "servers.json"

    @property
    def is_marked(self) -> bool:
        return (self.folder / MARK).is_file()

    def claim(self) -> None:
        """Create the folder and mark it as a stack's; raises ForeignFolderError if it holds anything else."""
        if self.is_marked:
            return
        if self.folder.exists() and any(self.folder.iterdir()):
            raise ForeignFolderError(f"{self.folder} holds other things than a local stack: name another folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MARK).write_text("All of this folder is the local stack's; make reset removes it.\n")

    def require_plain_path(self) -> None:
        """Raise UnfitPlaceError where RabbitMQ cannot run: its scripts do not quote, its disk monitor reads ASCII."""
        if not PLAIN_PATH.fullmatch(str(self.folder)):
            raise UnfitPlaceError(
                f"RabbitMQ does not run in {self.folder}: the path holds blanks or letters beyond a-z, 0-9 and ._+-."
                " Name another folder: GREEN_LOCAL_FOLDER=/var/tmp/green make run"
            )

    def require_room(self) -> None:
        """Raise UnfitPlaceError when the disk is nearly full: broker and database would end in dumps of their own."""
        if (free := self.free_bytes()) < MIN_FREE_BYTES:
            raise UnfitPlaceError(
                f"the disk of {self.folder} has {free // 1024**2} MB left, and a stack needs"
                f" {MIN_FREE_BYTES // 1024**2}: free some, or name a folder on another disk with GREEN_LOCAL_FOLDER"
            )

    def free_bytes(self) -> int:
        existing = next(each for each in (self.folder, *self.folder.parents) if each.exists())
        return shutil.disk_usage(existing).free

    def prepare(self) -> None:
        """Create missing folders and keys."""
        self.claim()
        for folder in (self.folder, self.keys, self.folder / "log", self.mail):
            folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        DevelopmentIssuer(self.keys, Mode.LOCAL)
        if not self.person_keys.exists():
            add_key(self.person_keys, "local-1")

    def passwords(self) -> Mapping[str, str]:
        """Return each service's password on the broker and the database; created at first use."""
        file = self.keys / "passwords.json"
        if not file.exists():
            write_private(file, json.dumps({service.name: new_secret() for service in SERVICES}))
        return dict(json.loads(file.read_text()))
