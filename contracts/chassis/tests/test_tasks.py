from __future__ import annotations

import asyncio

from chassis.tasks import TimeSlice, cancel_all


async def ignore_cancellations(lost: list[int], times: int) -> None:
    """Continue after the first cancellations, as a driver does that loses them."""
    while len(lost) < times:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost.append(1)
    await asyncio.Event().wait()


async def fail() -> None:
    raise ValueError("of its own")


async def test_task_that_loses_a_cancellation_is_cancelled_until_it_ends() -> None:
    lost: list[int] = []
    tasks = [
        asyncio.create_task(ignore_cancellations(lost, 1)),
        asyncio.create_task(fail()),
        asyncio.create_task(asyncio.sleep(60)),
    ]
    await asyncio.sleep(0)

    await asyncio.wait_for(cancel_all(tasks), 10)

    assert [task.done() for task in tasks] == [True, True, True]
    assert lost == [1]


async def test_cancelling_no_tasks_returns_at_once() -> None:
    await cancel_all([])


async def test_long_work_gives_way_once_its_slice_is_used_up() -> None:
    turns: list[str] = []
    unused, used = TimeSlice(seconds=60), TimeSlice(seconds=0)

    asyncio.get_running_loop().call_soon(turns.append, "other")
    await unused.give_way()
    turns.append("work")
    await used.give_way()

    assert turns == ["work", "other"]
