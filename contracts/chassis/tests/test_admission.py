"""Admission: what is beyond the limit in flight is answered at once, and a caller that has gone is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import orjson
import pytest
from chassis.http.admission import MIN_IN_FLIGHT, AdmissionLimit, AdmissionMiddleware, caller_of
from chassis.observability.metrics import Metrics
from starlette.types import Message, Receive, Scope, Send

LIMIT = 3


class SlowApplication:
    """Answers when the test allows it, and records the callers that it began to work for."""

    def __init__(self) -> None:
        self.allowed = asyncio.Event()
        self.started = asyncio.Queue[None]()
        self.begun = 0
        self.gone: list[bool] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        self.started.put_nowait(None)
        while (await receive()).get("more_body"):
            pass
        await self.allowed.wait()
        self.gone.append(caller_of(scope).gone())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Fixture:
    def __init__(self) -> None:
        self.application, self.metrics = SlowApplication(), Metrics()
        self.admission = AdmissionMiddleware(self.application, LIMIT, self.metrics)
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(self.admission), base_url="http://service")

    def send(self, count: int) -> list[asyncio.Task[httpx2.Response]]:
        return [asyncio.create_task(self.client.post("/v1/x", content=b"body")) for _ in range(count)]

    async def full(self) -> list[asyncio.Task[httpx2.Response]]:
        admitted = self.send(LIMIT)
        async with asyncio.timeout(5):
            for _ in range(LIMIT):
                await self.application.started.get()
        return admitted


@pytest.fixture
async def fixture() -> AsyncIterator[Fixture]:
    made = Fixture()
    yield made
    made.application.allowed.set()
    await made.client.aclose()


async def test_request_beyond_the_limit_is_answered_at_once(fixture: Fixture) -> None:
    admitted = await fixture.full()

    refused = await fixture.client.post("/v1/x", content=b"body")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert orjson.loads(refused.content)["code"] == "overloaded"
    assert fixture.application.begun == LIMIT
    assert fixture.metrics.registry.get_sample_value("green_requests_rejected_total") == 1
    fixture.application.allowed.set()
    assert [(await each).status_code for each in admitted] == [200] * LIMIT


async def test_place_is_free_again_after_an_answer(fixture: Fixture) -> None:
    admitted = await fixture.full()
    fixture.application.allowed.set()
    await asyncio.gather(*admitted)

    assert [(await each).status_code for each in fixture.send(LIMIT)] == [200] * LIMIT


async def test_bodies_that_come_slowly_shut_out_nobody(fixture: Fixture) -> None:
    complete = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"bo"
        await complete.wait()
        yield b"dy"

    sending = []
    for _ in range(3 * LIMIT):
        sending.append(asyncio.create_task(fixture.client.post("/v1/x", content=slow())))
        await fixture.application.started.get()
        await asyncio.sleep(0.01)
    quick = fixture.send(1)[0]
    await fixture.application.started.get()
    complete.set()
    fixture.application.allowed.set()

    assert [(await each).status_code for each in (*sending, quick)] == [200] * (3 * LIMIT + 1)


@pytest.mark.parametrize("stays", [True, False])
async def test_caller_that_closes_its_connection_after_the_body_has_gone(fixture: Fixture, stays: bool) -> None:  # noqa: FBT001
    messages = asyncio.Queue[Message]()
    messages.put_nowait({"type": "http.request", "body": b"body", "more_body": False})

    async def send(_message: Message) -> None:
        await asyncio.sleep(0)

    scope = {"type": "http", "path": "/v1/x", "method": "POST", "headers": []}
    answering = asyncio.create_task(fixture.admission(scope, messages.get, send))
    if not stays:
        messages.put_nowait({"type": "http.disconnect"})
    await asyncio.sleep(0.05)
    fixture.application.allowed.set()
    await answering

    assert fixture.application.gone == [not stays]


async def test_request_without_the_layer_has_a_caller_that_stays() -> None:
    assert not caller_of({"type": "http"}).gone()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def offer(limit: AdmissionLimit, clock: Clock, *, answered_per_second: int, seconds: float) -> int:
    """Offer three times what is answered; return the most in flight once the first burst is answered (3 s)."""
    most, credit = 0, 0.0
    for step in range(int(seconds * 100)):
        clock.now += 0.01
        for _ in range(3 * answered_per_second // 100 + 1):
            if limit.admits():
                limit.begin()
        credit += answered_per_second / 100
        while credit >= 1 and limit.in_flight:
            limit.end()
            credit -= 1
        most = max(most, limit.in_flight) if step > 300 else most
    return most


def test_slow_process_admits_one_batch_and_a_fast_one_all_it_may() -> None:
    slow, fast, clock = Clock(), Clock(), Clock()

    assert offer(AdmissionLimit(300, slow), slow, answered_per_second=100, seconds=10) <= 110
    assert offer(AdmissionLimit(300, fast), fast, answered_per_second=1_000, seconds=10) > 280
    changing = AdmissionLimit(300, clock)
    offer(changing, clock, answered_per_second=100, seconds=10)
    assert offer(changing, clock, answered_per_second=1_000, seconds=10) > 280


def test_process_that_has_shown_nothing_admits_one_batch() -> None:
    limit = AdmissionLimit(300, Clock())
    while limit.admits():
        limit.begin()

    assert limit.in_flight == MIN_IN_FLIGHT


def test_answers_that_come_a_batch_at_a_time_do_not_raise_the_limit_beyond_their_mean() -> None:
    clock = Clock()
    limit = AdmissionLimit(300, clock)
    for _ in range(20):
        while limit.admits():
            limit.begin()
        clock.now += 0.4
        for _ in range(100):
            limit.end()

    # 250 a second: 125 in half a second.
    assert MIN_IN_FLIGHT < limit.in_flight + 100 <= 150
