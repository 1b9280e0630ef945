"""Jobs: items that fall due by the clock, each handled once, through the committer that messages use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from chassis.handling import HandlerResult
from chassis.persistence.unit_of_work import HandlerCall, Key, UnitOfWork
from chassis.transactions.work import job_inbox_id

DEFAULT_INTERVAL = timedelta(seconds=1)


def no_prefetch(_item: object) -> Iterable[Key]:
    return ()


S_contra = TypeVar("S_contra", contravariant=True)


@dataclass(frozen=True)
class Job(Generic[S_contra]):
    """Polls ``due`` on a read-only store every ``every`` and handles each item once, identified by ``key``.

    ``due`` returns one bounded page; it is asked again at once while it returns other items than before.
    """

    name: str
    due: Callable[[S_contra, datetime], Awaitable[Sequence[Any]]]
    key: Callable[[Any], str]
    handler: Callable[[Any, S_contra, datetime], Awaitable[HandlerResult]]
    every: timedelta = DEFAULT_INTERVAL
    prefetch: Callable[[Any], Iterable[Key]] = no_prefetch
    """The keys that a batch of items loads first, as for a subscription."""
    following: Callable[[Any, S_contra, datetime], Awaitable[Any | None]] | None = None
    """For long work in steps: the item after this one, on the documents as this one leaves them.

    It is handled while this one is being saved, so None wherever it asks a query for what this one writes.
    """

    def call(self, item: object, store: Callable[[UnitOfWork], S_contra]) -> HandlerCall:
        """Return the handler call for one item, on a store over the unit of work that it gets."""
        return lambda unit, now: self.handler(item, store(unit), now)

    def inbox_id(self, item: object) -> str:
        return job_inbox_id(self.name, self.key(item))
