"""Requests to the running launcher to start or stop one part, as files that it takes in order; and what became of them.

The launcher must do it: the kernel ends a part with the process that started it.
"""

import asyncio
import fcntl
import json
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from deploy.local.paths import StackPaths
from deploy.services import SERVICES

SERVERS = ("broker", "mongod", "prometheus")
PARTS = (*(service.name for service in SERVICES), *SERVERS)
RUNNING, STOPPED = "running", "stopped"
POLL_SECONDS = 0.1
CONTROL_SECONDS = 150.0
"""Longer than a service may take to become ready."""


class NoStackError(RuntimeError):
    """No launcher runs on this folder."""


class Action(StrEnum):
    START = "start"
    STOP = "stop"


class Control(NamedTuple):
    action: Action
    part: str


def is_running(places: StackPaths) -> bool:
    """Return whether a launcher holds the folder; a file that a killed one left behind does not count."""
    if not places.lock.exists():
        return False
    with places.lock.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def require_running(places: StackPaths) -> None:
    """Raise NoStackError unless a launcher runs and has started everything."""
    if not is_running(places):
        raise NoStackError(f"no stack is running in {places.folder}: make run")
    if not places.stack.exists():
        raise NoStackError(f"the stack in {places.folder} is still starting: try again in some seconds")


def record_states(places: StackPaths, states: Mapping[str, str]) -> None:
    """Write what each part does, for `status` and for those who wait for a control."""
    draft = places.parts.with_suffix(".new")
    draft.write_text(json.dumps(dict(states), indent=2), encoding="utf-8")
    draft.replace(places.parts)


def states(places: StackPaths) -> dict[str, str]:
    return dict(json.loads(places.parts.read_text(encoding="utf-8"))) if places.parts.exists() else {}


async def request(places: StackPaths, control: Control) -> str:
    """Ask the launcher, wait until it has done it, and return the state of the part."""
    require_running(places)
    places.controls.mkdir(exist_ok=True)
    draft = places.folder / f"control-{time.time_ns()}"
    draft.write_text(f"{control.action} {control.part}", encoding="utf-8")
    asked = draft.rename(places.controls / f"{time.time_ns():020}")
    deadline = time.monotonic() + CONTROL_SECONDS
    while asked.exists():
        if not is_running(places) or time.monotonic() > deadline:
            asked.unlink(missing_ok=True)
            raise NoStackError(f"the stack in {places.folder} has ended, or does not answer")
        await asyncio.sleep(POLL_SECONDS)
    return states(places).get(control.part, STOPPED)


class Inbox:
    """The launcher's side: the requests that wait, each gone only when it is done."""

    def __init__(self, places: StackPaths) -> None:
        self._folder = places.controls
        for left in self._files():  # by a launcher that was killed
            left.unlink()

    def waiting(self) -> list[str]:
        return [file.name for file in self._files()]

    def read(self, name: str) -> Control | None:
        """Return the request; None when it is none of ours."""
        action, _, part = (self._folder / name).read_text(encoding="utf-8").partition(" ")
        return Control(Action(action), part) if action in set(Action) and part in PARTS else None

    def done(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self._folder.iterdir()) if self._folder.exists() else []
