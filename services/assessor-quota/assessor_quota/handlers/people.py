"""Identity of legal representatives: one person stays one when the key of the digests is rotated (Q1)."""

from __future__ import annotations

from collections.abc import Sequence

from messages.values import PersonRef

from assessor_quota.handlers.ports import Store


async def canonical_person(person: PersonRef, earlier: Sequence[str], store: Store) -> PersonRef:
    """Return the person as first entered, found under the digest of any key; enter it under those that are new.

    While a new key is being rolled out some processes do not have it yet. They find the person all the same, since
    whoever was first to enter it did so under the older keys as well.
    """
    found = {digest: await store.persons.get(digest) for digest in (*earlier, person.digest)}
    known = next((each for each in found.values() if each is not None), person)
    for digest, each in found.items():
        if each is None:
            store.persons.save(digest, known)
    return known
