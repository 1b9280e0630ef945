"""The connection under FastStream: lost once it is lost, and in our hands even when FastStream fails to open it.

FastStream keeps a connection only when its first channel is open as well. One that breaks in between is left alone in
the background, reconnecting for ever, with a channel and no consumer; a second start finds the half of the first. So a
connection is never made again here: it is given up, and a new link takes its place (``LinkSupervisor``).
"""

from __future__ import annotations

import asyncio
from typing import Any

from aio_pika import RobustConnection
from faststream.rabbit import RabbitBroker


class SingleConnection(RobustConnection):
    """A connection that the library does not make again."""

    async def _on_connection_close(self, closing: asyncio.Future[Any]) -> None:
        self._close_called = True
        await super()._on_connection_close(closing)


def made_by(broker: RabbitBroker) -> list[SingleConnection]:
    """Let the broker make single connections; return the list of those it makes, which its caller has to close."""
    made: list[SingleConnection] = []

    def make(*arguments: Any, **options: Any) -> SingleConnection:  # noqa: ANN401 - the library's own arguments
        connection = SingleConnection(*arguments, **options)
        made.append(connection)
        return connection

    vars(broker)["_connection_kwargs"]["connection_class"] = make
    return made
