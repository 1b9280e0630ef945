"""The register at one announced state: the whole of a list or nothing of it, whatever is under way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import TypeVar

from messages.values import Level

from registry.domain.lines import PrintedLine
from registry.handlers.list_acts import chain_head_of
from registry.handlers.ports import Store

LINES_PER_PAGE = 200
S = TypeVar("S", bound=Store)
T = TypeVar("T")


async def read_register(opened: Callable[[], S], day: date, today: date, read: Callable[[S, int], Awaitable[T]]) -> T:
    """Return what ``read`` makes of the register, given the number of the last list announced by the end of ``day``.

    A list that is announced while it reads begins to be entered at once, so it reads again. ``opened`` opens a store
    that has read nothing yet.
    """
    while True:
        head = await chain_head_of(Level.REGION, opened())
        store = opened()
        number = head.last_number if day >= today else await _last_number_on(day, store)
        result = await read(store, number)
        if (await chain_head_of(Level.REGION, opened())).last_number == head.last_number:
            return result


async def _last_number_on(day: date, store: Store) -> int:
    where = {"level": Level.REGION, "announcement.announced_on": {"$lte": day}}
    latest = (("announcement.announced_on", -1), ("announcement.number", -1))
    found = await store.lists.find(where, sort=latest, limit=1)
    return max((each.announcement.number for each in found if each.announcement), default=0)


async def pages_of_lines(edition: str, opened: Callable[[], Store]) -> AsyncIterator[list[PrintedLine]]:
    """Yield the lines of a list in the order of print, a page at a time; each page is forgotten after it."""
    number = 0
    while True:
        where = {"edition": edition, "number": {"$gt": number}}
        page = await opened().list_lines.find(where, sort=(("number", 1),), limit=LINES_PER_PAGE)
        if not page:
            return
        yield page
        number = page[-1].number
