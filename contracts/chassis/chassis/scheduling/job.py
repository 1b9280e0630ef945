"""Jobs: what is due now, each item done once through the same road as a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from chassis.handling import Handler
from chassis.persistence.unit_of_work import HandlerCall, UnitOfWork
from chassis.transactions.work import job_inbox_id

EVERY = timedelta(seconds=1)
T = TypeVar("T")
S = TypeVar("S")


class Job:
    """Asks ``due`` every so often on a read-only store and performs each item once, known by ``key``."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a job, each a word of its own
        self,
        name: str,
        due: Callable[[S, datetime], Awaitable[Sequence[T]]],
        key: Callable[[T], str],
        handler: Handler[T, S],
        store: Callable[[UnitOfWork], S],
        every: timedelta = EVERY,
    ) -> None:
        self.name = name
        self.due: Callable[[Any, datetime], Awaitable[Sequence[Any]]] = due
        self.key: Callable[[Any], str] = key
        self.handler: Handler[Any, Any] = handler
        self.store: Callable[[UnitOfWork], Any] = store
        self.every = every

    def run(self, item: Any) -> HandlerCall:  # noqa: ANN401 - whatever ``due`` found
        return lambda unit, now: self.handler(item, self.store(unit), now)

    def inbox_id(self, item: Any) -> str:  # noqa: ANN401
        return job_inbox_id(self.name, self.key(item))
