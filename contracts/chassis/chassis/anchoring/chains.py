"""Chains of a service's records: how each is read, and what every entry must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

import orjson

from chassis.handling import Document
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.unit_of_work import RESERVED

GENESIS = "0" * 64
"""Stands before the first entry of every chain."""
PAGE = 500


@dataclass(frozen=True)
class Link:
    """One entry of a record: its place in its chain, what it holds of the one before, and its own digest."""

    key: str
    """Orders the entries of a whole collection, those of one chain together."""
    chain: str
    number: int
    previous: str
    digest: str
    fault: str | None = None
    """The fault of the entry by itself."""


class Chains(Protocol):
    """The chains in one collection."""

    @property
    def name(self) -> str: ...
    @property
    def page(self) -> int:
        """Return the entries that one look reads."""

    async def links(self, store: Any, after: str, /) -> Sequence[Link]:  # noqa: ANN401 - the service's own store
        """Return the next page of entries behind a key, fewer only at the end."""

    async def heads(self, store: Any, chains: Sequence[str], /) -> Mapping[str, str] | None:  # noqa: ANN401
        """Return chain → digest at which its owner says that it ends; None where nobody says so."""


@dataclass(frozen=True)
class Documents:
    """A collection whose documents are each a chain of one entry: they are never changed, or these fields are not."""

    name: str
    collection: Callable[[Any], DocumentCollection[Any]]
    fields: tuple[str, ...] = ()
    """Without any: all."""
    page: int = PAGE

    async def links(self, store: Any, after: str, /) -> Sequence[Link]:  # noqa: ANN401 - the service's own store
        found = await self.collection(store).entries({"_id": {"$gt": after}}, limit=self.page)
        return [Link(each.key, each.key, 1, GENESIS, self._digest(each.fields)) for each in found]

    async def heads(self, _store: Any, _chains: Sequence[str], /) -> Mapping[str, str] | None:  # noqa: ANN401
        return None

    def _digest(self, fields: Document) -> str:
        names = self.fields or tuple(name for name in fields if name not in RESERVED)
        content = {name: fields.get(name) for name in names}
        return sha256(orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()


def fault_of(link: Link, before: Link | None) -> str | None:
    """Return what is wrong with an entry behind the one before it in the whole collection; None when it is in order."""
    follows = before is not None and before.chain == link.chain
    number, previous = (before.number, before.digest) if before is not None and follows else (0, GENESIS)
    if (link.number, link.previous) != (number + 1, previous):
        return "does not follow the entry before it"
    return link.fault
