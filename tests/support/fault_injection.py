"""A service's process for fault tests, forked from one that has imported everything, so that it restarts at once.

The real wiring of the service with three instruments: it may crash at a failpoint, its relay publishes one event in ten
twice, and each handling of an event is counted in the same commit as its effect. Two more serve the negative controls
only: no inbox, and ledgers saved whatever their version.

Environment: ``FAULTS_FILE`` (while this file exists, processes crash and events are published twice),
``FAULTS_FAILPOINT`` (failpoint at which this process crashes, or nothing), ``FAULTS_MIN_HITS`` (hits of that failpoint
before, at least), ``FAULTS_DUPLICATE_RATE`` (share of events), ``FAULTS_DISABLE_INBOX`` and
``FAULTS_DISABLE_VERSION_CHECK`` (on when set), ``FAULTS_SEED``.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import os
import random
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis.broker.publisher import BrokerPublisher, PublishResult
from chassis.failpoints import Point
from chassis.handling import Document, HandlerResult
from chassis.inbox import Subscription
from chassis.persistence import DocumentCollection, UnitOfWork
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import ChangeSet, HandlerCall, Key
from chassis.runtime import run
from messages.event import Event

EFFECTS = "effects"
LEDGERS = "ledgers"
PR_SET_PDEATHSIG = 1
CRASH_PREFIX = "crashes at: "
"""Prefix of the log line that names the failpoint at which a process crashes."""
DUPLICATES_PREFIX = "duplicates: "
"""Prefix of the log line with the number of events that the broker confirmed a second time."""


@dataclass(frozen=True)
class Effect:
    """Number of times one event was handled, stored with its effect."""

    times: int


class FaultWindow:
    """The time in which faults happen, and the random numbers that choose them."""

    def __init__(self, file: Path, generator: random.Random) -> None:
        self._file = file
        self.random = generator

    @property
    def active(self) -> bool:
        return self._file.exists()


class CrashAtFailpoint:
    """Kills the process at the n-th hit of one failpoint, as a power cut would."""

    def __init__(self, point: str, patience: int, window: FaultWindow) -> None:
        self._point = point
        self._window = window
        self._left = window.random.randint(patience, 5 * patience)

    def hit(self, point: Point) -> None:
        if point != self._point or not self._window.active:
            return
        self._left -= 1
        if self._left <= 0:
            print(f"{CRASH_PREFIX}{point}", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)


class _CountedSubscription(Subscription[Any]):
    """Counts each handling in the same unit of work."""

    def call(self, event: Event, store: Callable[[UnitOfWork], Any]) -> HandlerCall:
        handle = super().call(event, store)

        async def count(unit: UnitOfWork, now: datetime) -> HandlerResult:
            result = await handle(unit, now)
            effects, key = DocumentCollection(unit, EFFECTS, Effect), effect_key(event)
            before = await effects.get(key)
            effects.save(key, Effect(1 if before is None else before.times + 1))
            return result

        return count


def with_effect_counter(own: Subscription[Any]) -> Subscription[Any]:
    """Count each handling of a subscription; the counter is prefetched beside the handler's keys."""

    def prefetch(event: Event) -> Iterable[Key]:
        return [*own.prefetch(event), (EFFECTS, effect_key(event))]

    return _CountedSubscription(own.event_type, own.handler, prefetch, own.prefetch_related, own.queue)


def effect_key(event: Event) -> str:
    return f"{event.type}:{event.subject}:{event.sequence}"


def publish_duplicates(share: float, window: FaultWindow) -> None:
    """Let the relay publish some confirmed events a second time."""
    send = BrokerPublisher.send

    async def send_with_duplicates(self: BrokerPublisher, entries: Sequence[Document]) -> list[PublishResult | None]:
        results = await send(self, entries)
        repeated = [entry for entry in entries if window.random.random() < share and window.active]
        if repeated:
            confirmed = (await send(self, repeated)).count(None)
            print(f"{DUPLICATES_PREFIX}{confirmed}", file=sys.stderr, flush=True)
        return results

    BrokerPublisher.send = send_with_duplicates  # type: ignore[method-assign]


def without_inbox() -> None:
    """Switch the inbox off, so that no message is known as handled."""
    commit_all = Database.commit

    async def commit_without_inbox(self: Database, changes: ChangeSet) -> None:
        await commit_all(self, replace(changes, inbox=[]))

    Database.commit = commit_without_inbox  # type: ignore[method-assign]


def without_version_check() -> None:
    """Switch the version check of ledgers off: the last save wins, and others may read in between."""
    commit_all = Database.commit

    async def commit_unchecked(self: Database, changes: ChangeSet) -> None:
        await asyncio.sleep(0.05)
        keys = [write.key for write in changes.writes if write.collection == LEDGERS]
        stored = {each["_id"]: each["_version"] for each in await self.load(LEDGERS, keys)}
        writes = [
            write._replace(expected=stored.get(write.key, 0)) if write.collection == LEDGERS else write
            for write in changes.writes
        ]
        await commit_all(self, replace(changes, writes=writes))

    Database.commit = commit_unchecked  # type: ignore[method-assign]


def run_worker(package: str, environment: dict[str, str], log: Path) -> None:
    """Run the service of ``package`` until it ends; never longer than the process that started it."""
    _die_with_parent()
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.environ.update(environment)
    generator = random.Random(f"{os.environ.get('FAULTS_SEED', '0')}:{os.getpid()}")  # noqa: S311 - repeatable random numbers
    window = FaultWindow(Path(os.environ["FAULTS_FILE"]), generator)
    publish_duplicates(float(os.environ.get("FAULTS_DUPLICATE_RATE", "0")), window)
    if os.environ.get("FAULTS_DISABLE_INBOX"):
        without_inbox()
    if os.environ.get("FAULTS_DISABLE_VERSION_CHECK"):
        without_version_check()
    build: Callable[[], Any] = importlib.import_module(f"{package}.main").service
    service = build()
    failpoints = CrashAtFailpoint(
        os.environ.get("FAULTS_FAILPOINT", ""), int(os.environ.get("FAULTS_MIN_HITS", "5")), window
    )
    run(
        replace(
            service,
            subscriptions=tuple(with_effect_counter(each) for each in service.subscriptions),
            failpoints=failpoints,
        )
    )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
