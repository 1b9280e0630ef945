"""Metrics that a PromQL expression reads, and metrics that the services export."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import promql_parser as promql
from chassis.http.app import measure_requests
from chassis.observability import DomainGauge
from chassis.observability.metrics import Metrics
from fastapi import FastAPI
from prometheus_client.metrics_core import Metric

from deploy.services import SERVICES

OF_PROMETHEUS = {"up"}
"""Metrics that Prometheus itself adds to each scrape."""
OF_THE_BROKER = {
    "rabbitmq_alarms_memory_used_watermark",
    "rabbitmq_alarms_free_disk_space_watermark",
    "rabbitmq_alarms_file_descriptor_limit",
    "rabbitmq_detailed_queue_messages_ready",
}
"""Metrics of RabbitMQ that alerts read; tests/integration checks that a real one exports them."""
SUFFIXES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("", "_sum", "_count"),
    "info": ("_info",),
}


def metrics_of(expression: str) -> set[str]:
    """Return the names of the metrics in ``expression``; raises ValueError when it is no PromQL."""
    return {name for selector in _selectors(promql.parse(expression)) if (name := selector.name)}


def _selectors(node: promql.Expr) -> Iterator[promql.VectorSelector]:
    if isinstance(node, promql.VectorSelector):
        yield node
    parts = (getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector", "param"))
    for part in (*parts, *getattr(node, "args", ())):
        if isinstance(part, promql.Expr):
            yield from _selectors(part)


@cache
def exported_metrics() -> frozenset[str]:
    """Return every exported name: ours, the services' gauges, those of HTTP, the process and the broker."""
    metrics = Metrics().with_process()
    app = FastAPI()
    measure_requests(app, metrics)
    app.build_middleware_stack()
    ours = {name for family in metrics.registry.collect() for name in _names(family)}
    return frozenset(ours | {f"green_{gauge.name}" for gauge in domain_gauges()} | OF_PROMETHEUS | OF_THE_BROKER)


def _names(family: Metric) -> list[str]:
    return [family.name + suffix for suffix in SUFFIXES.get(family.type, ("",))]


def domain_gauges() -> Iterator[DomainGauge]:
    for service in SERVICES:
        if find_spec(f"{service.package}.gauges"):
            yield from import_module(f"{service.package}.gauges").GAUGES
