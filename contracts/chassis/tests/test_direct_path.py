"""The libraries below their public interfaces, as the direct path needs them; fails when one changes."""

from __future__ import annotations

import asyncio
import inspect
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aio_pika.abc import AbstractIncomingMessage
from aiormq.channel import Channel
from chassis.broker.paths import PATHS, PathName
from chassis.broker.plain import consuming_broker
from chassis.broker.publisher import BrokerPublisher
from chassis.broker.topology import definitions, rabbit_queue
from chassis.outbox.entries import Causation, entry
from devkit.private_servers import PrivateServers
from faststream import BaseMiddleware
from messages.notify import NoticeFailed

from .consumer_process import NOW, ConsumerProcess, failed

PINNED = ("faststream", "aio-pika", "aiormq", "pamqp")
"""Another version must be tried with both paths before it is pinned."""


@pytest.mark.parametrize("library", PINNED)
def test_library_is_pinned_to_the_version_that_was_tried(library: str) -> None:
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text()

    assert f'"{library}=={version(library)}"' in project.replace("[rabbit]", "")


class CountingMiddleware(BaseMiddleware[Any, Any]):
    seen = 0

    async def on_receive(self) -> None:
        CountingMiddleware.seen += 1
        await super().on_receive()


@pytest.mark.parametrize(("path", "passed"), [("direct", 0), ("plain", 1)])
async def test_direct_path_goes_past_the_middlewares_and_the_plain_one_through(
    servers: PrivateServers, path: PathName, passed: int
) -> None:
    vhost = await servers.vhost(definitions({"review": [NoticeFailed], "notify": []}))
    received = asyncio.Queue[AbstractIncomingMessage]()
    broker = consuming_broker(servers.amqp_url(vhost, "review"), 10, (CountingMiddleware,))
    PATHS[path].attach(broker, rabbit_queue("review.notify"), received.put)
    publisher = BrokerPublisher(servers.amqp_url(vhost, "notify"), write=PATHS[path].write)
    CountingMiddleware.seen = 0
    await broker.start()
    assert await publisher.send([entry(failed("a"), Causation("c"), NOW)]) == [None]

    async with asyncio.timeout(10):
        await (await received.get()).ack()
    await broker.stop()
    await publisher.close()

    assert CountingMiddleware.seen == passed


async def test_stop_waits_for_what_is_being_handled(process: ConsumerProcess) -> None:
    process.handlers.pause = 0.5
    await process.publish(failed("a"))
    await process.handlers.began.wait()
    await process.consumer.stop()

    assert await process.touch_counter("a") is not None


def test_channel_has_what_frames_and_acks_are_written_with() -> None:
    """A renamed attribute shows here before it loses a confirm."""
    used = {"delivery_tag", "confirmations", "message_id_delivery_tag", "write_queue", "max_content_size", "number"}
    source = inspect.getsource(Channel)

    assert {name for name in used if f"self.{name}" not in source and f"def {name}" not in source} == set()
