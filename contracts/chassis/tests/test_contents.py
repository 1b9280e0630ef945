"""Dear contents: made once however many ask, never more than there is room for."""

from __future__ import annotations

import asyncio

import pytest
from chassis.http.contents import AT_ONCE, Contents


class Maker:
    def __init__(self, size: int = 10) -> None:
        self.size = size
        self.made = 0
        self.under_way = 0
        self.most = 0
        self.allowed = asyncio.Event()

    async def __call__(self) -> bytes:
        self.made += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.allowed.wait()
        self.under_way -= 1
        return b"x" * self.size


async def test_content_is_made_once_for_all_who_ask_while_and_after_it_is_made() -> None:
    contents, maker = Contents(), Maker()
    asking = [asyncio.create_task(contents.get("a", maker)) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()
    maker.allowed.set()

    answers = await asyncio.gather(*asking[1:])

    assert {len(each) for each in answers} == {10}
    assert await contents.get("a", maker) == answers[0]
    assert maker.made == 1


async def test_contents_beyond_the_room_are_forgotten_the_longest_unused_first() -> None:
    contents, maker = Contents(room=35), Maker()
    maker.allowed.set()
    for key in ("a", "b", "c", "a", "d"):
        await contents.get(key, maker)

    assert contents.size <= 35
    for key in ("a", "c", "d"):
        await contents.get(key, maker)
    assert maker.made == 4
    await contents.get("b", maker)
    assert maker.made == 5


async def test_content_larger_than_the_room_is_answered_and_not_kept() -> None:
    contents, maker = Contents(room=5), Maker()
    maker.allowed.set()

    assert len(await contents.get("a", maker)) == 10
    assert contents.size == 0


async def test_few_are_made_at_the_same_time() -> None:
    contents, maker = Contents(), Maker()
    asking = [asyncio.create_task(contents.get(key, maker)) for key in range(10)]
    await asyncio.sleep(0.01)
    maker.allowed.set()
    await asyncio.gather(*asking)

    assert maker.most == AT_ONCE


async def test_failure_is_told_to_all_who_wait_and_tried_again_by_the_next() -> None:
    contents = Contents()

    async def fail() -> bytes:
        await asyncio.sleep(0)
        raise LookupError

    for asked in await asyncio.gather(*(contents.get("a", fail) for _ in range(3)), return_exceptions=True):
        assert isinstance(asked, LookupError)
    maker = Maker()
    maker.allowed.set()
    assert len(await contents.get("a", maker)) == 10
    with pytest.raises(LookupError):
        await contents.get("b", fail)
