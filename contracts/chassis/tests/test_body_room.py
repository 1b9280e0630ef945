"""Bodies in memory: bounded for each caller and for all, until they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from chassis.http.body_room import BodyRoom, BodyRoomFullError
from devkit.api_harness import ApiClient, ApiHarness
from httpx2 import Response
from messages.values import Role

from . import sample_api

LARGEST = 900
"""Bytes; the sample takes two thousand."""


def client(api: ApiHarness, subject: str) -> ApiClient:
    return api.client_as(Role.APPLICANT, organisation=sample_api.USCC, prefecture="150100", subject=subject)


async def test_bodies_held_are_bounded_for_one_caller_and_for_all(api: ApiHarness) -> None:
    room = api.app.state.bodies = BodyRoom(4 * LARGEST, 2 * LARGEST)
    complete = asyncio.Event()

    async def all_but_the_end() -> AsyncIterator[bytes]:
        yield b'{"title": "' + b"x" * (LARGEST - 20)
        await complete.wait()
        yield b'"}'

    async def send(subject: str) -> asyncio.Task[Response]:
        sent = client(api, subject).post(
            "/v1/plans", content=all_but_the_end(), headers={"Content-Type": "application/json"}
        )
        task = asyncio.create_task(sent)
        await asyncio.sleep(0.05)
        return task

    held = [await send(subject) for subject in ("li", "li", "wang", "wang")]
    refused = [await send(subject) for subject in ("li", "zhao")]
    assert room.total > 3 * LARGEST
    complete.set()

    assert [(await each).status_code for each in refused] == [503, 503]
    assert (await refused[0]).json()["code"] == "overloaded"
    assert (await refused[0]).headers["Retry-After"] == "1"
    assert not {(await each).status_code for each in held} & {500, 503}
    assert room.total == 0
    assert (await (await send("zhao"))).status_code not in {503, 500}


def test_room_is_free_again_after_a_refusal() -> None:
    room = BodyRoom(10, 10)
    with room.hold("li") as take:
        take(8)
        with pytest.raises(BodyRoomFullError):
            take(8)

    assert room.total == 0
    with room.hold("li") as take:
        take(10)
