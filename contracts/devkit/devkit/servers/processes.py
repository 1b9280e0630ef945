"""A child process that never outlives its parent, and the ports and small state files servers need."""

import asyncio
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

HOST = "127.0.0.1"
# Below the kernel's ephemeral range: a client that reconnects to a stopped server may otherwise take its port.
PORTS = range(20_000, 32_000)
TAIL_BYTES = 3_000
COMMAND_LENGTH = 100
"""Characters shown of the command of another process."""


class MissingServerError(RuntimeError):
    """A server's program is not installed; the message says how to get it."""


class ServerDiedError(RuntimeError):
    """A server ended or stayed unready; the message carries the end of its log."""


class PortTakenError(ServerDiedError):
    """Another process listens on a port of the server; the message names it."""


class UnfitServerError(RuntimeError):
    """An existing server cannot be used; the message says why."""


class ManagedProcess:
    """A program in its own session; the kernel kills it when the thread that started it ends."""

    def __init__(self, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
        self.log = log
        self.popen = _spawn(command, log, environment)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self.running:
            self.popen.send_signal(number)

    async def stop(self, grace: float) -> None:
        """Terminate the process, and kill it after the grace period."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if not await self._wait_for_exit(grace):
            await self.kill()

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self._wait_for_exit(10)

    async def _wait_for_exit(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    async def wait_until(self, ready: Callable[[], Awaitable[bool]], *, within: float) -> None:
        """Wait until it is ready; kill it after a failure, a time-out or a cancellation."""
        try:
            await self._wait_until_ready(ready, within)
        except BaseException:
            self.signal(signal.SIGKILL)
            raise

    async def _wait_until_ready(self, ready: Callable[[], Awaitable[bool]], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not await ready():
            if not self.running:
                raise ServerDiedError(f"{self.log.stem} ended with {self.popen.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ServerDiedError(f"{self.log.stem} is not ready after {seconds} s:\n{self.tail()}")
            await asyncio.sleep(0.05)

    def tail(self) -> str:
        text = self.log.read_bytes()[-TAIL_BYTES:] if self.log.exists() else b""
        return text.decode(errors="replace")


def die_with_parent(command: Sequence[str]) -> list[str]:
    """Return the command that the kernel kills when the thread that starts it ends."""
    guard = shutil.which("setpriv")
    if guard is None:
        raise MissingServerError("setpriv is missing: install the Debian package util-linux")
    return [guard, "--pdeathsig", "KILL", *command]


def _spawn(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - programs of this project
            die_with_parent(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def is_alive(process: psutil.Process) -> bool:
    """Return whether the process still runs; a zombie has ended, though no parent has reaped it yet.

    In a container whose first process reaps nothing, an orphan stays a zombie, and psutil calls that running.
    """
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def has_ended(process: psutil.Process, *, within: float) -> bool:
    """Wait until the process has ended, and return whether it did in time."""
    deadline = time.monotonic() + within
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


def free_ports(count: int) -> list[int]:
    """Return unused ports of the loopback interface."""
    chosen: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        if _is_free(port):
            chosen.append(port)
        if len(chosen) == count:
            return chosen
    raise MissingServerError(f"no free port between {PORTS.start} and {PORTS.stop}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def require_free(port: int, server: str) -> None:
    if not _is_free(port):
        raise PortTakenError(f"{server}: port {port} of {HOST} is in use by {_listener_on(port)}")


def _listener_on(port: int) -> str:
    """Return the program that listens there, as far as this user may see it."""
    try:
        listening = (each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN)
        found = next((each.pid for each in listening if each.laddr and each.laddr.port == port), None)
        if found is None:
            return "another process, of another user"
        process = psutil.Process(found)
        command = " ".join(process.cmdline()) or process.name()
    except (psutil.Error, OSError):
        return "another process"
    return f"process {found} ({command[:COMMAND_LENGTH]})"


async def is_accepting(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


async def wait_until_accepting(ports: Iterable[int], *, within: float) -> None:
    """Wait until each of these ports accepts connections; raise TimeoutError when that takes longer."""
    async with asyncio.timeout(within):
        for port in ports:
            while not await is_accepting(port):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read: Erlang and mongod refuse other key files."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def load_or_create_state(folder: Path, ports: Mapping[str, int | None]) -> dict[str, int | str]:
    """Read the ports and the secret of this folder's first start, or choose them now.

    A requested port must equal the stored one, because the server's data contain it.
    """
    path = folder / "state.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        chosen = {name: port or free for (name, port), free in zip(ports.items(), free_ports(len(ports)), strict=True)}
        write_private(path, json.dumps({**chosen, "admin_password": new_secret()}))
    state = dict(json.loads(path.read_text()))
    for name, port in ports.items():
        if port not in {None, state[name]}:
            label = name.replace("_", " ")
            raise UnfitServerError(f"the data in {folder} belong to a server with {label} {state[name]}, not {port}")
    return state


def new_secret() -> str:
    return secrets.token_urlsafe(24)
