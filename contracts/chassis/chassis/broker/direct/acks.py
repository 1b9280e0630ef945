"""Acknowledgements in batches: one frame for a run of settled deliveries instead of one for each."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelInvalidStateError
from aio_pika.message import IncomingMessage
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp import commands as spec


class AckBatcher:
    """Acknowledges handled deliveries, many in one frame. Unacknowledged ones are redelivered by the broker.

    One frame covers many deliveries only up to the first that is not settled: the tags of a channel are consecutive,
    and only this object settles deliveries of the channel.
    """

    def __init__(self) -> None:
        self._channels: WeakKeyDictionary[Channel, _ChannelAcks] = WeakKeyDictionary()

    async def settle(self, message: AbstractIncomingMessage) -> None:
        """Acknowledge in the next iteration of the event loop; on a closed channel do nothing."""
        channel = _open_channel(message)
        if channel is None or message.delivery_tag is None:
            return
        acks = self._channels.get(channel)
        if acks is None:
            acks = self._channels[channel] = _ChannelAcks(channel)
        acks.settle(message.delivery_tag)


class _ChannelAcks:
    __slots__ = ("_above", "_channel", "_floor", "_scheduled", "_settled")

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._floor = 0
        self._settled: set[int] = set()
        self._above: set[int] = set()
        self._scheduled = False

    def settle(self, tag: int) -> None:
        self._settled.add(tag)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        if self._channel.is_closed:
            return
        run = self._run()
        frames = [spec.Basic.Ack(run[-1], multiple=len(run) > 1)] if run else []
        frames += [spec.Basic.Ack(tag) for tag in sorted(self._settled)]
        self._above |= self._settled
        self._settled.clear()
        self._channel.write_queue.put_nowait(ChannelFrame.marshall(self._channel.number, frames))

    def _run(self) -> list[int]:
        """Raise the floor over consecutive settled tags; return those of them not acknowledged yet."""
        run: list[int] = []
        while True:
            tag = self._floor + 1
            if tag in self._settled:
                self._settled.remove(tag)
                run.append(tag)
            elif tag in self._above:
                self._above.remove(tag)
            else:
                return run
            self._floor = tag


def _open_channel(message: AbstractIncomingMessage) -> Channel | None:
    if not isinstance(message, IncomingMessage):
        return None
    try:
        channel = message.channel
    except ChannelInvalidStateError:
        return None
    return channel if isinstance(channel, Channel) else None
