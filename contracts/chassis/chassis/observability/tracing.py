"""One trace from the request over the bus to the database; off, and without cost, unless spans go somewhere."""

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
"""Of the span in which an event was said: the CloudEvents extension for distributed tracing."""
SENDING_SECONDS = 2
"""For a batch of spans; a process that stops beside a collector that is gone waits four times as long at the most."""
_W3C = TraceContextTextMapPropagator()
_NOTHING: AbstractContextManager[Span] = nullcontext(INVALID_SPAN)


class Tracing:
    """The spans of one process, named here and nowhere else: routes, types and outcomes, no ids and no persons.

    An event is told of in the span that said it (``handle``): publishing and receiving are its children, whenever the
    relay comes to it. A transaction of many works stands in the trace of the first of them, and the others are linked
    to it and it to them.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer: Tracer | None = provider.get_tracer("chassis") if provider else None

    def request(self, method: str, traceparent: str | None) -> AbstractContextManager[Span]:
        """A request, in the caller's trace when it names one; ``answered`` says which route it was and how it went."""
        if self._tracer is None:
            return _NOTHING
        attributes = {"http.request.method": method}
        return _end_span(self._tracer.start_span(method, _context_of(traceparent), SpanKind.SERVER, attributes))

    def consume_span(self, event_type: str, headers: Mapping[str, Any]) -> AbstractContextManager[Span]:
        """One try of a message, in the trace of what said it."""
        if self._tracer is None:
            return _NOTHING
        told = _context_of(headers.get(HEADER))
        attributes = _messaging("process", event_type)
        return _end_span(self._tracer.start_span(f"process {event_type}", told, SpanKind.CONSUMER, attributes))

    def work_span(self, consumer: str) -> AbstractContextManager[Span]:
        """A work from its arrival to its verdict, the waiting for its turn included."""
        if self._tracer is None:
            return _NOTHING
        return _end_span(self._tracer.start_span("work", attributes={"green.consumer": consumer}))

    def handler_span(self, of: Span | None) -> AbstractContextManager[Span]:
        """The handler's own part of a work, with what it reads."""
        if self._tracer is None:
            return _NOTHING
        return _end_span(self._tracer.start_span("handle", _use_span(of)))

    def commit(self, works: Sequence[Span | None]) -> AbstractContextManager[Span]:
        """One try of a transaction with what is read for all of its works at once."""
        if self._tracer is None:
            return _NOTHING
        first, *others = [each for each in works if each is not None and each.is_recording()] or works[:1]
        links = [Link(each.get_span_context()) for each in others if each is not None]
        attributes = {"green.works": len(works)}
        span = self._tracer.start_span("commit", _use_span(first), attributes=attributes, links=links)
        for each in others:
            if each is not None:
                each.add_link(span.get_span_context())
        return _end_span(span)

    def publishing(self, entries: Sequence[Mapping[str, Any]]) -> list[Span]:
        """One span for each event that the relay sends, until ``published`` says what became of it."""
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
    def published(spans: Sequence[Span], answers: Sequence[str | None]) -> None:
        for span, answer in zip(spans, answers, strict=False):
            if answer is not None:
                span.set_attribute("error.type", answer)
                span.set_status(StatusCode.ERROR)
            span.end()

    def headers(self) -> dict[str, str]:
        """Return the trace context for an event that is published now."""
        if self._tracer is None:
            return {}
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return {HEADER: carrier[TRACEPARENT]} if TRACEPARENT in carrier else {}

    def command_listeners(self) -> list[Any]:
        """For the database's client: a span for each command that is sent within one of ours."""
        if self._provider is None:
            return []
        from chassis.observability.tracing_mongo import DatabaseCommands  # noqa: PLC0415 - not loaded while tracing is off

        return [DatabaseCommands(self._provider.get_tracer("chassis.persistence.mongo"))]

    def close(self) -> None:
        """Send what has not been sent; blocks for some seconds at most."""
        if self._provider is not None:
            self._provider.shutdown()


NO_TRACING = Tracing()


def tracing_of(service: str, endpoint: str | None, exporter: SpanExporter | None = None) -> Tracing:
    """Spans of ``service`` to an OTLP endpoint (its base address), or at once to ``exporter``; off without either."""
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

        sending = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=SENDING_SECONDS)
        provider.add_span_processor(BatchSpanProcessor(sending))
    return Tracing(provider)


@contextmanager
def _end_span(span: Span) -> Iterator[Span]:
    """Make a span the current one, and tell of an error its class alone: its words may be about a person."""
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except Refusal as refusal:
            span.set_attribute("green.refusal", refusal.code)
            raise
        except TransientError:
            span.set_attribute("green.refusal", "put-off")
            raise
        except Exception as problem:
            mark_failed(span, type(problem).__name__)
            raise


def _use_span(span: Span | None) -> Context | None:
    return None if span is None else trace.set_span_in_context(span)


def _context_of(traceparent: object) -> Context:
    """The context that a header names; without one, or with one that is none, a trace begins."""
    return _W3C.extract({TRACEPARENT: str(traceparent)}, context=Context())


def _messaging(operation: str, event_type: str) -> dict[str, str | int]:
    return {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": operation,
        "messaging.rabbitmq.destination.routing_key": event_type,
    }
