"""Traces from the request through the broker to the database; off, and without cost, unless spans are exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.handling import Refusal, TransientError
from chassis.observability.spans import mark_failed

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

__all__ = ["HEADER", "NO_TRACING", "Span", "Tracing", "tracing_of"]

TRACEPARENT = "traceparent"
HEADER = f"ce-{TRACEPARENT}"
"""The span that published an event, by the CloudEvents extension for distributed tracing."""
EXPORT_SECONDS = 2
"""Time-out for a batch of spans; a stopping process without a collector waits at most four times as long."""
_W3C = TraceContextTextMapPropagator()
_NOTHING: AbstractContextManager[Span] = nullcontext(INVALID_SPAN)


class Tracing:
    """The spans of one process, all named here: by route, type and outcome, without ids and persons.

    An event carries the context of its ``handle`` span; ``publish`` and ``process`` are its children, whenever the
    relay sends it. A transaction of many work items belongs to the trace of the first one, with links to and from the
    others.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer: Tracer | None = provider.get_tracer("chassis") if provider else None

    def request_span(self, method: str, traceparent: str | None) -> AbstractContextManager[Span]:
        """Open the span of a request, in the caller's trace if named; ``name_by_route`` adds route and status."""
        if self._tracer is None:
            return _NOTHING
        attributes = {"http.request.method": method}
        return _end_span(self._tracer.start_span(method, _context_of(traceparent), SpanKind.SERVER, attributes))

    def consume_span(self, event_type: str, headers: Mapping[str, Any]) -> AbstractContextManager[Span]:
        """Open the span of one attempt to handle a message, in the trace of its publisher."""
        if self._tracer is None:
            return _NOTHING
        context = _context_of(headers.get(HEADER))
        attributes = _messaging("process", event_type)
        return _end_span(self._tracer.start_span(f"process {event_type}", context, SpanKind.CONSUMER, attributes))

    def work_span(self, consumer: str) -> AbstractContextManager[Span]:
        """Open the span of a work item, from its arrival to its reply."""
        if self._tracer is None:
            return _NOTHING
        return _end_span(self._tracer.start_span("work", attributes={"green.consumer": consumer}))

    def handler_span(self, parent: Span | None) -> AbstractContextManager[Span]:
        """Open the span of a handler and its queries."""
        if self._tracer is None:
            return _NOTHING
        return _end_span(self._tracer.start_span("handle", _use_span(parent)))

    def commit_span(self, items: Sequence[Span | None]) -> AbstractContextManager[Span]:
        """Open the span of one attempt to commit a batch, with the queries for all of its items."""
        if self._tracer is None:
            return _NOTHING
        first, *others = [each for each in items if each is not None and each.is_recording()] or items[:1]
        links = [Link(each.get_span_context()) for each in others if each is not None]
        attributes = {"green.work_items": len(items)}
        span = self._tracer.start_span("commit", _use_span(first), attributes=attributes, links=links)
        for each in others:
            if each is not None:
                each.add_link(span.get_span_context())
        return _end_span(span)

    def publish_spans(self, entries: Sequence[Mapping[str, Any]]) -> list[Span]:
        """Start a span for each event that the relay sends; ``end_publish_spans`` ends them with their results."""
        if self._tracer is None:
            return []
        return [
            self._tracer.start_span(
                f"publish {entry['type']}",
                _context_of(entry["headers"].get(HEADER)),
                SpanKind.PRODUCER,
                _messaging("send", entry["type"]),
            )
            for entry in entries
        ]

    @staticmethod
    def end_publish_spans(spans: Sequence[Span], results: Sequence[str | None]) -> None:
        for span, result in zip(spans, results, strict=False):
            if result is not None:
                span.set_attribute("error.type", result)
                span.set_status(StatusCode.ERROR)
            span.end()

    def headers(self) -> dict[str, str]:
        """Return the header with the current trace context, for an event."""
        if self._tracer is None:
            return {}
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return {HEADER: carrier[TRACEPARENT]} if TRACEPARENT in carrier else {}

    def command_listeners(self) -> list[Any]:
        """Return the listeners of a MongoDB client that open a span for each command within one of our spans."""
        if self._provider is None:
            return []
        from chassis.observability.tracing_mongo import DatabaseCommands  # noqa: PLC0415 - not loaded while tracing is off

        return [DatabaseCommands(self._provider.get_tracer("chassis.persistence.mongo"))]

    def close(self) -> None:
        """Export the remaining spans; blocks for some seconds at most."""
        if self._provider is not None:
            self._provider.shutdown()


NO_TRACING = Tracing()


def tracing_of(service: str, endpoint: str | None, exporter: SpanExporter | None = None) -> Tracing:
    """Export spans of ``service`` to an OTLP endpoint (its base address) or to ``exporter``; off without either."""
    if endpoint is None and exporter is None:
        return NO_TRACING
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415 - not loaded while tracing is off
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
    if exporter is not None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    if endpoint is not None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        otlp = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
        provider.add_span_processor(BatchSpanProcessor(otlp))
    return Tracing(provider)


@contextmanager
def _end_span(span: Span) -> Iterator[Span]:
    """Make a span current, and record only the class of an error: its message may concern a person."""
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except Refusal as refusal:
            span.set_attribute("green.refusal", refusal.code)
            raise
        except TransientError:
            span.set_attribute("green.refusal", "deferred")
            raise
        except Exception as problem:
            mark_failed(span, type(problem).__name__)
            raise


def _use_span(span: Span | None) -> Context | None:
    return None if span is None else trace.set_span_in_context(span)


def _context_of(traceparent: object) -> Context:
    """Return the context in a header; a missing or invalid one starts a new trace."""
    return _W3C.extract({TRACEPARENT: str(traceparent)}, context=Context())


def _messaging(operation: str, event_type: str) -> dict[str, str | int]:
    return {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": operation,
        "messaging.rabbitmq.destination.routing_key": event_type,
    }
