"""One line a second of each kind from what strangers can make speak: the libraries' loggers, and ours."""

from __future__ import annotations

import logging

from chassis.observability import logs
from chassis.observability.log_rate import MAX_KINDS, OneLineASecond, ThrottledLog
from structlog.testing import capture_logs


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def record(text: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("asyncio", logging.ERROR, __file__, 1, text, args, None)


def test_one_line_of_a_kind_passes_in_a_second_and_the_next_counts_the_others() -> None:
    clock = Clock()
    seldom = OneLineASecond(clock)
    passed = [
        seldom.filter(record(f"socket.accept() out of system resource\nsocket: {number}")) for number in range(90)
    ]
    clock.now += 1
    following = record("socket.accept() out of system resource\nsocket: %s", 91)

    assert passed == [True] + [False] * 89
    assert seldom.filter(following)
    assert "(and 89 more like it)" in following.getMessage()


def test_another_kind_passes_beside_it() -> None:
    seldom = OneLineASecond(Clock())

    assert seldom.filter(record("one"))
    assert seldom.filter(record("another"))


def test_kinds_without_end_take_no_more_memory() -> None:
    seldom = OneLineASecond(Clock())
    for number in range(10 * MAX_KINDS):
        seldom.filter(record(f"invented {number}"))

    assert len(seldom.rate._seen) <= MAX_KINDS


def test_loggers_of_the_event_loop_and_the_server_have_the_limit() -> None:
    logs.configure("chassis", "ERROR")
    logs.configure("chassis", "ERROR")

    for name in ("asyncio", "uvicorn.error"):
        (limit,) = logging.getLogger(name).filters
        assert isinstance(limit, OneLineASecond)


def test_a_flood_of_our_own_is_one_line_a_second_with_the_count_of_the_others() -> None:
    clock = Clock()
    log = ThrottledLog("flood", clock=clock)
    with capture_logs() as lines:
        for number in range(500):
            log.error("parked", number=number)
        log.warning("link lost")
        clock.now += 1
        log.error("parked", number=500)
        clock.now += 1
        log.error("parked", number=501)

    titles = [(line["event"], line.get("number"), line.get("suppressed")) for line in lines]
    assert titles == [("parked", 0, None), ("link lost", None, None), ("parked", 500, 499), ("parked", 501, None)]
