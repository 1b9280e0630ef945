"""A service's process for fault tests, forked from one that has imported everything, so that it is back at once.

The real wiring of the service, with three instruments around it: it may die at a named point, its relay says one event
in ten twice, and each handling of an event is counted in the same commit as its effect. Two more, for the negative
controls only: an inbox that forgets, and ledgers saved whatever their version.

Environment: ``FAULTS_STORM`` (a file: while it is there, processes die and events are said twice), ``FAULTS_POINT``
(where this process dies, or nothing), ``FAULTS_PATIENCE`` (how often, at least, it reaches that point before),
``FAULTS_TWICE`` (share of events), ``FAULTS_INBOX`` (``on`` or ``forgets``), ``FAULTS_VERSIONS`` (``checked`` or
``ignored``), ``FAULTS_SEED``.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import os
import random
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis.broker.publisher import BrokerPublisher, PublishResult
from chassis.failpoints import Point
from chassis.handling import HandlerResult
from chassis.inbox.subscriptions import Subscription
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import ChangeSet, Document, Key, UnitOfWork
from chassis.runtime.run import run
from messages.event import Event

EFFECTS = "effects"
LEDGERS = "ledgers"
PR_SET_PDEATHSIG = 1
DIES = "dies: "
"""How a process says in its log at which point it ends."""
TWICE = "said twice: "
"""How it says how many events the broker has confirmed a second time."""


@dataclass(frozen=True)
class Effect:
    """How often one event was handled, as the database has it."""

    times: int


@dataclass(frozen=True)
class Stores:
    """The service's own store, and the effects beside it."""

    kept: Any
    effects: DocumentCollection[Effect]


class FaultWindow:
    """Whether it rages now, and what falls today."""

    def __init__(self, sign: Path, dice: random.Random) -> None:
        self._sign = sign
        self.dice = dice

    @property
    def active(self) -> bool:
        return self._sign.exists()


class CrashAtFailpoint:
    """Ends the process at one named point, the n-th time it is reached, as a power cut would."""

    def __init__(self, point: str, patience: int, storm: FaultWindow) -> None:
        self._point = point
        self._storm = storm
        self._left = storm.dice.randint(patience, 5 * patience)

    def hit(self, point: Point) -> None:
        if point != self._point or not self._storm.active:
            return
        self._left -= 1
        if self._left <= 0:
            print(f"{DIES}{point}", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)


def with_effect_counter(hears: Subscription) -> Subscription:
    """The same handler, with its handling counted in the same unit of work; what is loaded ahead stays loaded ahead."""

    def store(unit: UnitOfWork) -> Stores:
        return Stores(hears.store(unit), DocumentCollection(unit, EFFECTS, Effect))

    async def handle(event: Event, stores: Stores, now: datetime) -> HandlerResult:
        result = await hears.handler(event, stores.kept, now)
        key = effect_key(event)
        before = await stores.effects.get(key)
        stores.effects.save(key, Effect(1 if before is None else before.times + 1))
        return result

    def reads(event: Event) -> Iterable[Key]:
        return [*hears.reads(event), (EFFECTS, effect_key(event))]

    def then(event: Event, stores: Stores) -> Awaitable[Iterable[Key]]:
        assert hears.then is not None
        return hears.then(event, stores.kept)

    return replace(hears, handler=handle, store=store, reads=reads, then=then if hears.then else None)


def effect_key(event: Event) -> str:
    return f"{event.type}:{event.subject}:{event.sequence}"


def publish_duplicates(share: float, storm: FaultWindow) -> None:
    """Let the relay hand some events to the broker a second time, once they are confirmed."""
    send = BrokerPublisher.send

    async def doubled(self: BrokerPublisher, entries: Sequence[Document]) -> list[PublishResult | None]:
        answers = await send(self, entries)
        again = [entry for entry in entries if storm.dice.random() < share and storm.active]
        if again:
            confirmed = (await send(self, again)).count(None)
            print(f"{TWICE}{confirmed}", file=sys.stderr, flush=True)
        return answers

    BrokerPublisher.send = doubled  # type: ignore[method-assign]


def without_inbox() -> None:
    """Switch the inbox off: nothing is remembered, so nothing is known."""
    commit_all = Database.commit

    async def commit_without(self: Database, commit: ChangeSet) -> None:
        await commit_all(self, replace(commit, inbox=[]))

    Database.commit = commit_without  # type: ignore[method-assign]


def without_version_check() -> None:
    """Switch the version check of ledgers off: who saves last wins, whatever was read, and others read meanwhile."""
    commit_all = Database.commit

    async def commit_blindly(self: Database, commit: ChangeSet) -> None:
        await asyncio.sleep(0.05)
        keys = [write.key for write in commit.writes if write.collection == LEDGERS]
        stored = {each["_id"]: each["v"] for each in await self.load(LEDGERS, keys)}
        writes = [
            write._replace(expected=stored.get(write.key, 0)) if write.collection == LEDGERS else write
            for write in commit.writes
        ]
        await commit_all(self, replace(commit, writes=writes))

    Database.commit = commit_blindly  # type: ignore[method-assign]


def run_worker(package: str, environment: dict[str, str], log: Path) -> None:
    """Run the service of ``package`` until it dies or is killed; never longer than who started it."""
    _die_with_the_parent()
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.environ.update(environment)
    dice = random.Random(f"{os.environ.get('FAULTS_SEED', '0')}:{os.getpid()}")  # noqa: S311 - a repeatable die
    storm = FaultWindow(Path(os.environ["FAULTS_STORM"]), dice)
    publish_duplicates(float(os.environ.get("FAULTS_TWICE", "0")), storm)
    if os.environ.get("FAULTS_INBOX", "on") == "forgets":
        without_inbox()
    if os.environ.get("FAULTS_VERSIONS", "checked") == "ignored":
        without_version_check()
    build: Callable[[], Any] = importlib.import_module(f"{package}.main").service
    service = build()
    dying = CrashAtFailpoint(os.environ.get("FAULTS_POINT", ""), int(os.environ.get("FAULTS_PATIENCE", "5")), storm)
    run(replace(service, subscriptions=tuple(with_effect_counter(each) for each in service.subscriptions), steps=dying))


def _die_with_the_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
