"""Who a legal representative is: one person stays one person when the key of the digests is rotated (Q1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chassis.handling import Collection
from messages.values import PersonRef


class People(Protocol):
    @property
    def persons(self) -> Collection[PersonRef]: ...


async def canonical_person(person: PersonRef, earlier: Sequence[str], store: People) -> PersonRef:
    """The person as first entered, found under the digest of every key; entered under those that are new.

    While a new key is being rolled out some processes do not have it yet. They find the person all the same, since
    whoever was first to enter it did so under the older keys as well.
    """
    found = {digest: await store.persons.get(digest) for digest in (*earlier, person.digest)}
    known = next((each for each in found.values() if each is not None), person)
    for digest, each in found.items():
        if each is None:
            store.persons.save(digest, known)
    return known
