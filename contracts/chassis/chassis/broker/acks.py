"""Acknowledgements, coalesced: one frame for a run of settled deliveries in place of one for each."""

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
    """Acknowledges what is settled; what is not, stays with the broker and comes again.

    A frame for many is sent only up to the first delivery that is not settled: tags of a channel are consecutive and
    every delivery of the channel is settled here or nowhere.
    """

    def __init__(self) -> None:
        self._channels: WeakKeyDictionary[Channel, _ChannelAcks] = WeakKeyDictionary()

    def settle(self, message: AbstractIncomingMessage) -> None:
        """Acknowledge with the next turn of the loop; on a closed channel nothing is left to acknowledge."""
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
        """Move the floor over what is settled without a gap; return what of it is not acknowledged yet."""
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
