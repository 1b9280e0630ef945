"""The ledger of a legal representative's year, begun when it is first asked for."""

from __future__ import annotations

from typing import Protocol

from chassis.handling import Collection
from messages.values import PersonRef

from assessor_quota.domain.ledger import Ledger


class Ledgers(Protocol):
    @property
    def ledgers(self) -> Collection[Ledger]: ...


async def ledger_of(representative: PersonRef, year: int, store: Ledgers) -> Ledger:
    empty = Ledger(representative, year)
    return await store.ledgers.get(empty.key) or empty
