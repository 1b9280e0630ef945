"""What a service counts in its own field: gauges read from its store, the gauges.py of a service is made of these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis.clock import Clock
from chassis.observability.metrics import Metrics
from chassis.persistence.unit_of_work import DocumentStore, UnitOfWork, read_only_unit
from chassis.tasks import run_periodically

log = structlog.get_logger(__name__)

Values = Mapping[tuple[str, ...], float]
"""One number for each combination of label values; under the key ``()`` where a measure has no labels."""


@dataclass(frozen=True, slots=True)
class DomainGauge:
    """A gauge ``green_<name>``; ``text`` says what it counts, and in which unit.

    ``read`` gets a store that shows one instant, and the business clock's now. Labels hold closed vocabularies only:
    no ids, no regions, no persons. A combination that ``read`` does not name any more is no longer told.
    """

    name: str
    text: str
    read: Callable[[Any, datetime], Awaitable[Values]]
    labels: tuple[str, ...] = ()


@dataclass(eq=False)
class _Collector(Collector):
    """What one measure last came to; before it has been read, nothing: a zero would say that all is well."""

    measure: DomainGauge
    values: Values = field(default_factory=dict)

    def describe(self) -> Iterable[Metric]:
        """Name the gauge, so that a registry refuses a second one of the same name."""
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        gauge = GaugeMetricFamily(f"green_{self.measure.name}", self.measure.text, labels=self.measure.labels)
        for labels, value in self.values.items():
            gauge.add_metric(labels, value)
        yield gauge


class GaugeReader:
    """Reads every measure of a service, one after the other; one that fails keeps its last value and its age.

    Every process with the role ``jobs`` measures for itself: a query over several takes the greatest.
    """

    def __init__(  # noqa: PLR0913 - wired once, in process.py
        self,
        database: DocumentStore,
        store: Callable[[UnitOfWork], Any],
        measures: Sequence[DomainGauge],
        *,
        clock: Clock,
        metrics: Metrics,
        seconds: float,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._seconds = seconds
        self._told = [_Collector(measure) for measure in measures]
        for told in self._told:
            metrics.registry.register(told)

    def loops(self) -> list[Callable[[], Awaitable[None]]]:
        return [partial(run_periodically, self._seconds, self.look)] if self._told else []

    async def look(self) -> int:
        """Read all; return how many could be read."""
        return sum([await self._set(told) for told in self._told])

    async def _set(self, told: _Collector) -> bool:
        name = told.measure.name
        try:
            told.values = _checked(told.measure, await self._read(told.measure))
        except Exception:
            log.exception("gauge failed", gauge=name)
            return False
        self._metrics.gauge_last_read.labels(name).set_to_current_time()
        return True

    async def _read(self, measure: DomainGauge) -> Values:
        async with self._database.snapshot() as seen:
            return await measure.read(self._store(read_only_unit(seen)), self._clock.now())


def _checked(measure: DomainGauge, values: Values) -> Values:
    for labels in values:
        if len(labels) != len(measure.labels):
            raise ValueError(f"{measure.name} has the labels {measure.labels}, not {labels}")
    return dict(values)
