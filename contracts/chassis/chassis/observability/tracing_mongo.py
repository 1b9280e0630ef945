"""Database spans: one for each command, with name and collection, without the query."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.instrumentation.pymongo import CommandTracer
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent

from chassis.observability.spans import mark_failed

HANDSHAKES = frozenset({"hello", "saslStart", "saslContinue"})
"""Commands of a new connection of the pool; they belong to no work item."""


class DatabaseCommands(CommandTracer):
    """The library's listener without two kinds of data.

    Queries of the relay and the jobs, every second, belong to no trace; and an error message can contain the value of a
    key.
    """

    def started(self, event: CommandStartedEvent) -> None:
        if trace.get_current_span().is_recording() and event.command_name not in HANDSHAKES:
            super().started(event)

    def failed(self, event: CommandFailedEvent) -> None:
        span = self._pop_span(event)
        if span is not None:
            mark_failed(span, str(event.failure.get("codeName", "unknown")))
            span.end()
