"""Jobs without a scheduler: everything that is due is handled, each item once, until nothing new falls due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from chassis.scheduling import Job

MAX_POLLS = 100_000
"""Polls of each job after which one of them is said to never end."""


class EndlessJobError(AssertionError):
    """A job finds another item at every poll, although the clock stands still."""


async def drain(
    jobs: Sequence[Job[Any]],
    store: Callable[[], Any],
    now: Callable[[], datetime],
    handle: Callable[[Job[Any], Any], Awaitable[bool]],
    polls: int | None = None,
) -> int:
    """Poll the jobs in turn until none finds an item not seen yet, or ``polls`` times.

    ``handle`` returns False for an item that was handled by an earlier call. Returns the number of the others.
    """
    seen: set[str] = set()
    done = 0
    for _ in range(MAX_POLLS if polls is None else polls):
        found = len(seen)
        for job in jobs:
            for item in await job.due(store(), now()):
                if job.inbox_id(item) not in seen:
                    seen.add(job.inbox_id(item))
                    done += await handle(job, item)
        if len(seen) == found:
            return done
    if polls is None:
        raise EndlessJobError(f"{', '.join(job.name for job in jobs)}: new items at every poll")
    return done
