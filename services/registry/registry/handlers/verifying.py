"""Verifies the chain of announced lists from the first line of the first list on, some lines at a time (L5)."""

from __future__ import annotations

from collections.abc import Callable

from messages.values import Level

from registry.domain.chain import GENESIS, ChainCheck, digest_lines
from registry.domain.lists import AnnualList
from registry.handlers.ports import Store
from registry.handlers.reading import pages_of_lines

LISTS_PER_QUERY = 50


async def verify_chain(level: Level, opened: Callable[[], Store]) -> ChainCheck:
    """Walk the announced lists in the order of their numbers; stop at the first that is not in order."""
    check = ChainCheck()
    while found := await _lists_after(check.lists, level, opened()):
        for each in found:
            check = check.after(each, await lines_digest(each, opened))
            if not check.intact:
                return check
    return check


async def _lists_after(number: int, level: Level, store: Store) -> list[AnnualList]:
    where = {"level": level, "announcement.number": {"$gt": number}}
    return await store.lists.find(where, sort=(("announcement.number", 1),), limit=LISTS_PER_QUERY)


async def lines_digest(one: AnnualList, opened: Callable[[], Store]) -> str:
    """The digest of the lines as they are stored: each in its place, none missing and none added."""
    digest = GENESIS
    async for page in pages_of_lines(one.edition, opened):
        digest = digest_lines((each.change for each in page), digest)
    return digest
