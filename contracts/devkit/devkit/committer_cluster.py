"""Several processes of one service on one database: a committer each, as scaled out, without broker or HTTP."""

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
from chassis.persistence.collections import Index
from chassis.persistence.mongo import Database, Driver, open_database
from chassis.persistence.system_collections import OUTBOX
from chassis.persistence.unit_of_work import ChangeSet, UnitOfWork, Write, read_only_unit
from chassis.security.audit import AUDIT_INDEXES
from chassis.transactions.commands import CommandExecutor
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction

from devkit.private_servers import PrivateServers

C = TypeVar("C")
S = TypeVar("S")


@dataclass(frozen=True)
class CommitterCluster(Generic[S]):
    """The processes by number; made by ``committer_cluster``."""

    database: Database
    executors: tuple[CommandExecutor, ...]
    store: Callable[[UnitOfWork], S]

    async def perform(self, process: int, handler: Handler[C, S], command: C, key: str = "") -> Any:  # noqa: ANN401 - a reply
        """Do a command or an event once at one of the processes; a Refusal comes out as raised.

        The first answer is the handler's own value, that of a ``key`` known already its JSON.
        """
        road = self.executors[process]
        return await road.execute(key or uuid4().hex, "", lambda unit, now: handler(command, self.store(unit), now))

    def read(self) -> S:
        """Give a store for reading what is kept now."""
        return self.store(read_only_unit(self.database))

    async def published(self) -> Counter[str]:
        """How many events of each type have been committed."""
        kept = await self.database.find(OUTBOX, {})
        return Counter(entry["type"] for document in kept for entry in document["events"])

    async def adopt(self, collections: Mapping[str, Mapping[str, Any]]) -> None:
        """Begin with the documents of a bench, ``bench.memory.collections``."""
        writes = [Write(name, key, 0, document) for name, kept in collections.items() for key, document in kept.items()]
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
    """Open a fresh database for ``count`` processes; they finish what they have begun before it is closed."""
    mine = await servers.database(service)
    database = open_database(mine.url, mine.name, driver)
    async with AsyncExitStack() as ending:
        ending.push_async_callback(database.close)
        await database.ensure_indexes((*indexes, *AUDIT_INDEXES))
        committers = [
            GroupCommitter(BatchTransaction(database, service, aggregates, clock=clock, metrics=Metrics()))
            for _ in range(count)
        ]
        for each in committers:
            each.start()
            ending.push_async_callback(each.stop)
        yield CommitterCluster(database, tuple(CommandExecutor(each, rulebook) for each in committers), store)
