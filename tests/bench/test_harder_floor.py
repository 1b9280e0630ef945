"""The harder floor acknowledges a batch when all delivered before it are committed: its frames settle those too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from pymongo import AsyncMongoClient

from tests.bench.baseline import BATCH
from tests.bench.harder_floor import HarderFloor


@dataclass
class Delivered:
    delivery_tag: int
    acknowledged: list[tuple[int, bool]] = field(repr=False)

    async def ack(self, *, multiple: bool) -> None:
        self.acknowledged.append((self.delivery_tag, multiple))


@pytest.fixture
async def client() -> Any:  # noqa: ANN401 - the driver's
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient("mongodb://127.0.0.1:1", connect=False)
    yield client
    await client.close()


async def test_batches_are_full_and_acknowledged_in_the_order_of_delivery(client: Any) -> None:  # noqa: ANN401
    floor, acknowledged = HarderFloor("amqp://unused", client, "unused", 2), list[tuple[int, bool]]()
    for tag in range(1, 2 * BATCH + 4):
        await floor._receive(cast("Any", Delivered(tag, acknowledged)))
    first, second, third = [await floor._next_batch() for _ in range(3)]
    assert [len(each) for each in (first, second, third)] == [BATCH, BATCH, 3]

    await floor._acknowledge(second)
    assert acknowledged == []

    await floor._acknowledge(first)
    assert acknowledged == [(2 * BATCH, True)]

    await floor._acknowledge(third)
    assert acknowledged == [(2 * BATCH, True), (2 * BATCH + 3, True)]
