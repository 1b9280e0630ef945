"""Contents that anybody may ask for and that are dear to make: each is made once, and kept while there is room."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeAlias

from fastapi import Request

from chassis.settings import MIB

ROOM = 32 * MIB
MAX_CONTENTS = 1000
AT_ONCE = 2
"""Contents made at the same time in one process; who asks for another waits."""

Make: TypeAlias = Callable[[], Awaitable[bytes]]


class Contents:
    """Made contents by their key, which names everything that they depend on; the longest unused go first."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[bytes]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def get(self, key: Hashable, make: Make) -> bytes:
        """Return the content; whoever asks while it is being made waits for the same one."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._making:
            self._making[key] = asyncio.create_task(self._make(key, make))
            self._making[key].add_done_callback(lambda _: self._making.pop(key, None))
        # A caller that goes away must not take the content from the others.
        return await asyncio.shield(self._making[key])

    @property
    def size(self) -> int:
        """Bytes kept."""
        return sum(map(len, self._kept.values()))

    async def _make(self, key: Hashable, make: Make) -> bytes:
        async with self._turns:
            content = await make()
        self._kept[key] = content
        while self._kept and (len(self._kept) > MAX_CONTENTS or self.size > self._room):
            self._kept.popitem(last=False)
        return content


def contents_of(request: Request) -> Contents:
    """Return the contents of the application; ``Annotated[Contents, Depends(contents_of)]``."""
    contents: Contents = request.app.state.contents
    return contents
