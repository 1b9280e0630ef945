"""The commit sequence: run handlers on one identity map, collect their changes, return one change set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from math import inf

from chassis.handling import Document
from chassis.outbox import entries as outbox
from chassis.persistence.unit_of_work import (
    ChangeSet,
    DocumentReader,
    HandlerCall,
    HandlerOutcome,
    IdentityMap,
    UnitOfWork,
    Unsaved,
)


class Execution:
    """Handlers of one transaction. Each sees the reader's snapshot and the changes of those that ran before it."""

    def __init__(
        self,
        reader: DocumentReader,
        aggregates: Mapping[str, str],
        unsaved: Unsaved | None = None,
    ) -> None:
        self.identity_map = IdentityMap(reader, aggregates, unsaved)
        self._inbox: list[Document] = []
        self._entries: list[Document] = []

    async def handle(self, call: HandlerCall, now: datetime) -> tuple[UnitOfWork, HandlerOutcome]:
        """Run one handler; nothing of it counts before its unit of work is added."""
        unit = UnitOfWork(self.identity_map)
        return unit, await unit.finish(await call(unit, now))

    def add(self, unit: UnitOfWork, inbox: Iterable[Document] = (), entries: Iterable[Document] = ()) -> None:
        """Add the changes of a handler with its inbox row and its outbox entries."""
        unit.flush()
        self._inbox += inbox
        self._entries += entries

    def change_set(self, lease_holder: str = "", deadline: float = inf) -> ChangeSet:
        """Return everything to commit; ``lease_holder`` is the relay that publishes the entries first."""
        document = outbox.document(self._entries, lease_holder) if self._entries else None
        return ChangeSet(self._inbox, self.identity_map.writes(), document, deadline)
