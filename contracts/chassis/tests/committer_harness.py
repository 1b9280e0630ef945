"""A group committer on each kind of store, which a test can pause or make fail as a database would."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from chassis.handling import Document
from chassis.observability.metrics import Metrics
from chassis.persistence.errors import RejectedWriteError, WriteConflictError
from chassis.persistence.unit_of_work import ChangeSet, DocumentStore, HandlerCall, read_only_unit
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from devkit import sample
from devkit.clock import FixedClock
from devkit.sample import Store, TouchCounter, work_item

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class ObservedStore:
    """Records the sizes of commits; a test can pause it or make it fail as a database would."""

    def __init__(self, store: DocumentStore) -> None:
        self.commit_sizes: list[int] = []
        self.commits_allowed = asyncio.Event()
        self.commits_allowed.set()
        self.conflicts = 0
        self.rejected_id = ""
        self.load, self.find, self.count, self.snapshot = store.load, store.find, store.count, store.snapshot
        self._commit, self.insert = store.commit, store.insert
        self.insert_all, self.remove_all = store.insert_all, store.remove_all

    async def commit(self, commit: ChangeSet) -> None:
        await self.commits_allowed.wait()
        if self.conflicts:
            self.conflicts -= 1
            raise WriteConflictError("made by the test")
        if self.rejected_id and any(row["_id"] == self.rejected_id for row in commit.inbox):
            raise RejectedWriteError("made by the test")
        await self._commit(commit)
        self.commit_sizes.append(len(commit.inbox))


class CommitterHarness:
    def __init__(self, store: DocumentStore, commits_in_flight: int, max_batch_size: int = 100) -> None:
        self.store = ObservedStore(store)
        self.metrics = Metrics()
        self.outbox: list[Document] = []
        self.committer = GroupCommitter(
            BatchTransaction(
                self.store,
                sample.SERVICE,
                sample.AGGREGATES,
                clock=FixedClock(NOW),
                metrics=self.metrics,
                wake_relay=self.outbox.append,
            ),
            max_batch_size=max_batch_size,
            workers=commits_in_flight,
        )

    async def submit_all(self, *runs: tuple[str, HandlerCall]) -> list[object]:
        return await asyncio.gather(
            *(self.committer.submit(work_item(key, run)) for key, run in runs), return_exceptions=True
        )

    async def touch_counter(self, notice: str) -> TouchCounter | None:
        return await Store(read_only_unit(self.store)).notices.get(notice)

    def events(self) -> list[tuple[str, str]]:
        return [
            (each["aggregate"], each["headers"]["ce-id"]) for document in self.outbox for each in document["events"]
        ]

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"green_{name}", labels)
