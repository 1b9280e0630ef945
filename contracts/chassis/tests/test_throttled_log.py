from __future__ import annotations

import asyncio

from chassis.observability.throttled_log import ThrottledLog
from structlog.testing import capture_logs


async def test_flood_is_one_line_for_each_interval_with_the_count_of_the_others() -> None:
    log = ThrottledLog("flood", interval=0.2)
    with capture_logs() as lines:
        for number in range(500):
            log.error("parked", number=number)
        assert [line["number"] for line in lines] == [0]
        await asyncio.sleep(0.3)

    assert [(line["number"], line.get("suppressed")) for line in lines] == [(0, None), (499, 498)]


async def test_lines_that_come_seldom_are_all_written() -> None:
    log = ThrottledLog("seldom", interval=0.01)
    with capture_logs() as lines:
        for number in range(3):
            log.warning("parked", number=number)
            await asyncio.sleep(0.03)

    assert [(line["number"], "suppressed" in line) for line in lines] == [(0, False), (1, False), (2, False)]
