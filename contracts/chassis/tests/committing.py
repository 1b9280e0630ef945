"""A committer on each kind of backing, which a test can hold or make refuse as a database would."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from chassis.clock import FixedClock
from chassis.observability.metrics import Metrics
from chassis.persistence.unit_of_work import (
    ChangeSet,
    Document,
    DocumentStore,
    HandlerCall,
    RejectedWriteError,
    WriteConflictError,
    read_only_unit,
)
from chassis.transactions.group_committer import GroupCommitter
from devkit import sample
from devkit.sample import Store, TouchCounter, work

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Observed:
    """Counts what reaches the backing, and can be held or made to refuse as a database would."""

    def __init__(self, backing: DocumentStore) -> None:
        self.commits: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.conflicts = 0
        self.refuses = ""
        self.load, self.find, self.count, self.snapshot = backing.load, backing.find, backing.count, backing.snapshot
        self._commit, self.insert = backing.commit, backing.insert

    async def commit(self, commit: ChangeSet) -> None:
        await self.gate.wait()
        if self.conflicts:
            self.conflicts -= 1
            raise WriteConflictError("made by the test")
        if self.refuses and any(row["_id"] == self.refuses for row in commit.inbox):
            raise RejectedWriteError("made by the test")
        await self._commit(commit)
        self.commits.append(len(commit.inbox))


class Rig:
    def __init__(self, backing: DocumentStore, flights: int) -> None:
        self.backing = Observed(backing)
        self.metrics = Metrics()
        self.outbox: list[Document] = []
        self.committer = GroupCommitter(
            self.backing,
            sample.SERVICE,
            sample.AGGREGATES,
            clock=FixedClock(NOW),
            metrics=self.metrics,
            relay_wakeup=self.outbox.append,
            commits_in_flight=flights,
        )

    async def all(self, *runs: tuple[str, HandlerCall]) -> list[object]:
        return await asyncio.gather(
            *(self.committer.submit(work(key, run)) for key, run in runs), return_exceptions=True
        )

    async def tally(self, notice: str) -> TouchCounter | None:
        return await Store(read_only_unit(self.backing)).notices.get(notice)

    def said(self) -> list[tuple[str, str]]:
        return [(each["a"], each["h"]["ce-id"]) for document in self.outbox for each in document["events"]]

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"green_{name}", labels)
