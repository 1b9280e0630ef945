"""A command's caller waits as long as it prefers, within bounds."""

from __future__ import annotations

from itertools import count

import pytest
from chassis.http.waiting import DEFAULT_WAIT, LONGEST_WAIT, preferred_wait, wait_until


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, DEFAULT_WAIT),
        ("", DEFAULT_WAIT),
        ("respond-async", DEFAULT_WAIT),
        ("nowait=3", DEFAULT_WAIT),
        ("wait=", DEFAULT_WAIT),
        ("wait=0", 0),
        ("wait=20", 20),
        ("respond-async, wait=5", 5),
        ('Wait = "7"', 7),
        ("wait=9999", LONGEST_WAIT),
        ("wait=99999", DEFAULT_WAIT),
    ],
)
def test_wait_is_read_from_the_header(prefer: str | None, seconds: int) -> None:
    assert preferred_wait(prefer) == seconds


async def test_wait_ends_with_the_work() -> None:
    looks = count(1)

    async def read() -> int:
        return next(looks)

    assert await wait_until(lambda number: number == 3, read, "wait=30") == 3


async def test_wait_ends_with_the_callers_time_and_shows_how_the_work_stands() -> None:
    looks = count(1)

    async def read() -> int:
        return next(looks)

    assert await wait_until(lambda _: False, read, "wait=0") >= 1
