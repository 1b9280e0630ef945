"""Publishing many messages in one write of the connection, each with its own confirm.

The library writes, drains and times each message separately; the relay has a batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp import commands as spec
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from chassis.broker.publication import Publication

log = structlog.get_logger(__name__)


async def write_at_once(channel: Channel, messages: Sequence[Publication]) -> list[asyncio.Future[object] | None]:
    """Write all frames at once; return for each message its confirm, None for one that the protocol cannot carry.

    Messages are numbered as the channel counts them. One gets its number only when its frames exist: a number that the
    broker never receives would assign each later confirm to the message before.
    """
    frames: list[bytes] = []
    confirms: list[asyncio.Future[object] | None] = []
    for message in messages:
        payload = _marshal(channel, message)
        if payload is None:
            confirms.append(None)
            continue
        frames.append(payload)
        confirms.append(_await_confirm(channel, message.message_id))
    if frames:
        await channel.write_queue.put(ChannelFrame(b"".join(frames), should_close=False))
    return confirms


def _await_confirm(channel: Channel, message_id: str) -> asyncio.Future[object]:
    """Return the confirm of the next message. The channel knows its id until it is confirmed or given up."""
    tag = channel.delivery_tag = channel.delivery_tag + 1
    confirm = channel.confirmations[tag] = channel.create_future()
    channel.message_id_delivery_tag[message_id] = tag

    def forget(_confirm: asyncio.Future[object]) -> None:
        if channel.message_id_delivery_tag.get(message_id) == tag:
            del channel.message_id_delivery_tag[message_id]

    confirm.add_done_callback(forget)
    return confirm


def _marshal(channel: Channel, message: Publication) -> bytes | None:
    """Return the frames of a message; None when the protocol cannot carry it."""
    size, body = channel.max_content_size, message.body
    try:
        frames: list[Any] = [
            spec.Basic.Publish(exchange=message.exchange, routing_key=message.routing_key, mandatory=True),
            ContentHeader(properties=message.properties, body_size=len(body)),
            *(ContentBody(body[start : start + size]) for start in range(0, len(body), size)),
        ]
        return ChannelFrame.marshall(channel.number, frames).payload
    except Exception as problem:  # noqa: BLE001 - nothing is written yet, and each part raises its own errors
        log.warning("event cannot be encoded", event_type=message.routing_key, problem=type(problem).__name__)
        return None
