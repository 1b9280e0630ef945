from __future__ import annotations

import asyncio

from chassis.tasks import TimeSlice, Turns, cancel_all


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


async def passes_until(task: asyncio.Task[None]) -> int:
    number = 0
    while not task.done():
        await asyncio.sleep(0)
        number += 1
    return number


async def test_a_few_go_on_in_each_pass_in_their_order() -> None:
    turns, begun = Turns(each_pass=2), list[int]()

    async def begin(number: int) -> None:
        await turns.wait()
        begun.append(number)

    tasks = [asyncio.create_task(begin(number)) for number in range(7)]
    in_each_pass = []
    while len(begun) < len(tasks):
        before = len(begun)
        await asyncio.sleep(0)
        in_each_pass.append(len(begun) - before)

    assert begun == list(range(7))
    assert max(in_each_pass) == 2
    assert in_each_pass.count(0) <= 2


async def test_turn_of_a_cancelled_task_goes_to_the_next() -> None:
    turns = Turns(each_pass=1)
    first, second, third = (asyncio.create_task(turns.wait()) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()

    await asyncio.wait_for(asyncio.gather(first, third), 5)

    assert second.cancelled()


async def test_turn_that_is_free_costs_no_pass() -> None:
    turns = Turns(each_pass=1)
    waiting = turns.wait()

    assert await passes_until(asyncio.create_task(waiting)) == 1
