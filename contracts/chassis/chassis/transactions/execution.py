"""The commit sequence: run handlers on one identity map, collect their changes, return one change set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from messages.event import Event

from chassis.handling import Document
from chassis.outbox import entries as outbox
from chassis.persistence.unit_of_work import (
    ChangeSet,
    DocumentReader,
    HandlerCall,
    HandlerOutcome,
    IdentityMap,
    UnitOfWork,
)


class Execution:
    """Handlers of one transaction. Each sees the reader's snapshot and the changes of those that ran before it."""

    def __init__(self, reader: DocumentReader, aggregates: Mapping[str, str]) -> None:
        self.identity_map = IdentityMap(reader, aggregates)
        self._inbox: list[Document] = []
        self._entries: list[Document] = []

    async def run(
        self,
        call: HandlerCall,
        now: datetime,
        *,
        inbox_row: Callable[[HandlerOutcome], Document] | None = None,
        entry: Callable[[Event], Document] | None = None,
    ) -> HandlerOutcome:
        """Run one handler and add its changes, its inbox row and its outbox entries.

        A handler that raises adds nothing; nor does one whose row or entries cannot be built.
        """
        unit = UnitOfWork(self.identity_map)
        outcome = await unit.finish(await call(unit, now))
        entries = [entry(event) for event in outcome.events] if entry else []
        rows = [inbox_row(outcome)] if inbox_row else []
        unit.flush()
        self._entries += entries
        self._inbox += rows
        return outcome

    def change_set(self, lease_holder: str = "") -> ChangeSet:
        """Return everything to commit; ``lease_holder`` is the relay that publishes the entries first."""
        document = outbox.document(self._entries, lease_holder) if self._entries else None
        return ChangeSet(self._inbox, self.identity_map.writes(), document)
