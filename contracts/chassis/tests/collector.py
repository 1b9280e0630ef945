"""A collector of traces for a test: receives OTLP over HTTP and stores the spans."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from devkit.servers import free_ports
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


class CollectedSpan(NamedTuple):
    """A received span with the service that sent it."""

    service: str
    name: str
    trace: bytes
    identity: bytes
    parent: bytes
    attributes: dict[str, object]


class Collector:
    def __init__(self, address: str) -> None:
        self.address = address
        self.spans: list[CollectedSpan] = []

    def receive(self, body: bytes) -> None:
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = str(_plain(group.resource.attributes)["service.name"])
            self.spans += [
                CollectedSpan(
                    service, each.name, each.trace_id, each.span_id, each.parent_span_id, _plain(each.attributes)
                )
                for scope in group.scope_spans
                for each in scope.spans
            ]


def _plain(attributes: Iterator[KeyValue]) -> dict[str, object]:
    return {each.key: each.value.string_value or each.value.int_value for each in attributes}


@contextmanager
def run_collector() -> Iterator[Collector]:
    (port,) = free_ports(1)
    collector = Collector(f"http://127.0.0.1:{port}")

    class TracesHandler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                collector.receive(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), TracesHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
