"""Several processes of one service on one database: a committer each, without broker or HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import uuid4

import rulebook
from chassis.clock import Clock
from chassis.handling import Handler
from chassis.observability.metrics import Metrics
from chassis.persistence import Index, UnitOfWork
from chassis.persistence.leases import Leases
from chassis.persistence.mongo import Database, Driver, open_database
from chassis.persistence.system_collections import OUTBOX
from chassis.persistence.unit_of_work import ChangeSet, Write, read_only_unit
from chassis.scheduling import Job
from chassis.scheduling.scheduler import JobScheduler
from chassis.security.audit import AUDIT_INDEXES
from chassis.transactions.commands import CommandExecutor
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.step_runner import StepRunner
from chassis.transactions.transaction import BatchTransaction

from devkit.private_servers import PrivateServers

C = TypeVar("C")
S = TypeVar("S")


@dataclass(frozen=True)
class CommitterCluster(Generic[S]):
    """The processes by number, opened by ``committer_cluster``."""

    database: Database
    transactions: tuple[BatchTransaction, ...]
    committers: tuple[GroupCommitter, ...]
    executors: tuple[CommandExecutor, ...]
    store: Callable[[UnitOfWork], S]

    async def perform(self, process: int, handler: Handler[C, S], command: C, key: str = "") -> Any:  # noqa: ANN401 - a reply
        """Execute a command or an event once at one of the processes; raise the handler's Refusal.

        The first reply is the handler's own value; the reply to a repeated ``key`` is its JSON.
        """
        executor = self.executors[process]
        return await executor.execute(key or uuid4().hex, "", lambda unit, now: handler(command, self.store(unit), now))

    async def poll(self, process: int, job: Job[S], clock: Clock) -> int:
        """Poll a job as the scheduler of a process does: what follows an item is handled while it is saved."""
        scheduler = JobScheduler(
            self.database,
            self.store,
            Leases(self.database, f"jobs-{process}"),
            [job],
            self.committers[process],
            clock=clock,
            metrics=Metrics(),
            step_runner=StepRunner(self.transactions[process]),
        )
        return await scheduler.poll(job)

    def read(self) -> S:
        """Return a read-only store of the present documents."""
        return self.store(read_only_unit(self.database))

    async def published(self) -> Counter[str]:
        """Count the events committed, by type."""
        documents = await self.database.find(OUTBOX, {})
        return Counter(entry["type"] for document in documents for entry in document["events"])

    async def adopt(self, collections: Mapping[str, Mapping[str, Any]]) -> None:
        """Insert the documents of a harness, ``handlers.memory.collections``."""
        writes = [
            Write(name, key, 0, document)
            for name, documents in collections.items()
            for key, document in documents.items()
        ]
        await self.database.commit(ChangeSet([], writes, None))


@asynccontextmanager
async def committer_cluster(  # noqa: PLR0913 - what a service's main.py wires
    servers: PrivateServers,
    service: str,
    store: Callable[[UnitOfWork], S],
    *,
    aggregates: Mapping[str, str],
    clock: Clock,
    indexes: Sequence[Index] = (),
    count: int = 2,
    driver: Driver = "motor",
) -> AsyncIterator[CommitterCluster[S]]:
    """Open a new database for ``count`` processes; they finish their batches before it is closed."""
    created = await servers.database(service)
    database = open_database(created.url, created.name, driver)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await database.ensure_indexes((*indexes, *AUDIT_INDEXES))
        transactions = tuple(
            BatchTransaction(database, service, aggregates, clock=clock, metrics=Metrics()) for _ in range(count)
        )
        committers = tuple(GroupCommitter(each) for each in transactions)
        for each in committers:
            each.start()
            stack.push_async_callback(each.stop)
        executors = tuple(CommandExecutor(each, rulebook) for each in committers)
        yield CommitterCluster(database, transactions, committers, executors, store)
