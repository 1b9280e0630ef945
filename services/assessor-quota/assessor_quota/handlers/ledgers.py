"""The ledger of a legal representative's year, empty until something is saved in it."""

from __future__ import annotations

from messages.values import PersonRef

from assessor_quota.domain.ledger import Ledger
from assessor_quota.handlers.ports import Store


async def ledger_of(representative: PersonRef, year: int, store: Store) -> Ledger:
    empty = Ledger(representative, year)
    return await store.ledgers.get(empty.key) or empty
