"""The database's part of a trace: one span for each command, by name and collection, never by what it asks."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.instrumentation.pymongo import CommandTracer
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent

from chassis.observability.spans import mark_failed

GREETINGS = frozenset({"hello", "saslStart", "saslContinue"})
"""Of a connection that the pool opens just then: they tell of the pool and not of the work that waits for it."""


class DatabaseCommands(CommandTracer):
    """The library's listener, less two things that it tells.

    What the relay and the jobs ask every second belongs to no trace; and an error's words can hold the value of a key.
    """

    def started(self, event: CommandStartedEvent) -> None:
        if trace.get_current_span().is_recording() and event.command_name not in GREETINGS:
            super().started(event)

    def failed(self, event: CommandFailedEvent) -> None:
        span = self._pop_span(event)
        if span is not None:
            mark_failed(span, str(event.failure.get("codeName", "unknown")))
            span.end()
