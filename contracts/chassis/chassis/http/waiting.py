"""Waiting for work that goes on after its command: for a bounded time, which the caller may choose (RFC 7240)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Header

DEFAULT_WAIT, LONGEST_WAIT = 10, 30
"""Seconds."""
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25
"""Seconds between two looks; each pause is twice the one before."""
_WAIT = re.compile(r"(?:^|[,;\s])wait\s{0,8}=\s{0,8}\"?(\d{1,4})(?!\d)", re.IGNORECASE)

T = TypeVar("T")

Prefer = Annotated[
    str | None,
    Header(
        max_length=200,
        description=f"Seconds to wait for the result (RFC 7240), as `wait=20`; {DEFAULT_WAIT} when absent, "
        f"{LONGEST_WAIT} at most.",
    ),
]


async def wait_until(ended: Callable[[T], bool], read: Callable[[], Awaitable[T]], prefer: str | None) -> T:
    """Return what ``read`` gives once it has ended, or as it stands when the caller's time is over.

    Another process may do the work, so it is read again and again.
    """
    pause = FIRST_PAUSE
    try:
        async with asyncio.timeout(preferred_wait(prefer)):
            while not ended(found := await read()):
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            return found
    except TimeoutError:
        return await read()


def preferred_wait(prefer: str | None) -> int:
    """Return the seconds that a Prefer header asks for, within bounds."""
    found = _WAIT.search(prefer or "")
    return min(int(found[1]), LONGEST_WAIT) if found else DEFAULT_WAIT
