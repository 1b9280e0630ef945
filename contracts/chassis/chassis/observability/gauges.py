"""Domain gauges: numbers read from a service's store. Its gauges.py is a table of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis.clock import Clock
from chassis.observability.metrics import Metrics
from chassis.observability.unreadable import record_unreadable
from chassis.persistence.unit_of_work import DocumentStore, UnitOfWork, read_only_unit
from chassis.tasks import run_periodically

log = structlog.get_logger(__name__)

Values = Mapping[tuple[str, ...], float]
"""One number for each combination of label values; under the key ``()`` where a gauge has no labels."""


@dataclass(frozen=True, slots=True)
class DomainGauge:
    """A gauge ``green_<name>``; ``text`` names what it counts and the unit.

    ``read`` gets a store on one snapshot and the time of the business clock. Labels hold closed vocabularies only:
    a state or one of the twelve prefectures, no id, no person. A combination that ``read`` no longer returns is no
    longer exported.
    """

    name: str
    text: str
    read: Callable[[Any, datetime], Awaitable[Values]]
    labels: tuple[str, ...] = ()


@dataclass(eq=False)
class _Collector(Collector):
    """Exports the last value of a gauge. Nothing before the first reading, because zero would look healthy."""

    gauge: DomainGauge
    values: Values = field(default_factory=dict)

    def describe(self) -> Iterable[Metric]:
        """Return the metric, so that a registry refuses a second one of the same name."""
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        gauge = GaugeMetricFamily(f"green_{self.gauge.name}", self.gauge.text, labels=self.gauge.labels)
        for labels, value in self.values.items():
            gauge.add_metric(labels, value)
        yield gauge


@dataclass(eq=False)
class GaugeReader:
    """Reads every gauge of a service, one after the other; one that fails keeps its last value and its age.

    Every process with the role ``jobs`` reads separately; a query over several takes the maximum.
    """

    database: DocumentStore
    store: Callable[[UnitOfWork], Any]
    gauges: Sequence[DomainGauge]
    _: KW_ONLY
    clock: Clock
    metrics: Metrics
    interval_seconds: float

    def __post_init__(self) -> None:
        self._set_aside = partial(record_unreadable, self.metrics)
        self._collectors = [_Collector(gauge) for gauge in self.gauges]
        for collector in self._collectors:
            self.metrics.registry.register(collector)

    def loops(self) -> list[Callable[[], Awaitable[None]]]:
        return [partial(run_periodically, self.interval_seconds, self.poll)] if self._collectors else []

    async def poll(self) -> int:
        """Read all gauges; return how many succeeded."""
        return sum([await self._set(collector) for collector in self._collectors])

    async def _set(self, collector: _Collector) -> bool:
        name = collector.gauge.name
        try:
            collector.values = _check_values(collector.gauge, await self._read(collector.gauge))
        except Exception:
            log.exception("gauge failed", gauge=name)
            return False
        self.metrics.gauge_last_read.labels(name).set_to_current_time()
        return True

    async def _read(self, gauge: DomainGauge) -> Values:
        async with self.database.snapshot() as reader:
            return await gauge.read(self.store(read_only_unit(reader, set_aside=self._set_aside)), self.clock.now())


def _check_values(gauge: DomainGauge, values: Values) -> Values:
    for labels in values:
        if len(labels) != len(gauge.labels):
            raise ValueError(f"{gauge.name} has the labels {gauge.labels}, not {labels}")
    return dict(values)
