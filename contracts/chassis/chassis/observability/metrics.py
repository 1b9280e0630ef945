"""The catalogue: every measure of our own, what it means, and nothing measured elsewhere under another name.

An attribute is the metric's name without ``green_`` (and, for counters, without ``_total``). Labels hold closed
vocabularies only: no ids, no regions, no persons. What FastStream and the HTTP instrumentation measure is theirs.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

AGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
"""From one hop on an idle machine to a broker that was down for hours."""
COMMITS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
BATCHES = (1, 2, 5, 10, 25, 50, 75, 100, 150, 200)


class Metrics:
    """One process's measures on one registry; a test makes its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._delivery()
        self._trouble()
        self._edges()

    def with_process(self) -> Metrics:
        """Add memory, processor time and garbage collection of this process."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        return self

    def _delivery(self) -> None:
        # How many messages and commands one transaction took.
        self.batch_size = self._histogram("batch_size", "Works in one transaction", BATCHES)
        # One transaction from its start to the majority's acknowledgement, retries included.
        self.commit_seconds = self._histogram("commit_seconds", "Time of one transaction", COMMITS)
        # Handled: the age of an event when its handler ran, in real time since its commit (whole seconds where the
        # business clock is a simulated one).
        self.event_age_seconds = self._histogram(
            "event_age_seconds", "Age of an event at handling", AGES, ("event_type",)
        )
        # Effects: works committed, by the outcome of each.
        self.works = self._counter("works", "Works by outcome", ("outcome",))
        # Events that the relay published and the broker confirmed.
        self.relay_published = self._counter("relay_published", "Events confirmed by the broker")
        # Age of the oldest event that is saved and not yet sent: the alarm of the relay.
        self.outbox_oldest_unsent_seconds = self._gauge(
            "outbox_oldest_unsent_seconds", "Age of the oldest unsent event"
        )
        # Events saved and not yet sent.
        self.outbox_unsent = self._gauge("outbox_unsent", "Events waiting to be sent")

    def _trouble(self) -> None:
        # Messages and commands that the inbox knew already: answered, without effect.
        self.duplicates = self._counter("duplicates", "Deliveries already known", ("consumer",))
        # Events dropped by a projection that holds a later one of the same aggregate.
        self.stale = self._counter("stale", "Events older than what is known", ("event_type",))
        # Batches that met a newer version or a write conflict and were tried again.
        self.commit_conflicts = self._counter("commit_conflicts", "Batches tried again")
        # Deliveries put off because something they build on was not there yet.
        self.deferred = self._counter("deferred", "Deliveries tried again later", ("consumer",))
        # Deliveries whose handler failed; the fifth failure parks the message.
        self.handler_failures = self._counter("handler_failures", "Failing handler runs", ("consumer",))
        # Messages parked, and those put aside for another try: somebody has to look when they stay.
        self.parked = self._gauge("parked", "Messages neither handled nor discarded")
        # Messages taken from the broker's dead-letter queue, the last resort.
        self.dead_letters = self._counter("dead_letters", "Messages from the dead-letter queue")
        # Events that the broker returned, refused or did not confirm in time; they stay in the outbox.
        self.relay_failures = self._counter("relay_failures", "Publishings not confirmed", ("cause",))

    def _edges(self) -> None:
        # Commands and messages refused by a rule, by the refusal's stable code.
        self.handler_refusals = self._counter("handler_refusals", "Refusals by code", ("code",))
        # Requests refused before any handler: no valid token, or not within the policy.
        self.access_refusals = self._counter("access_refusals", "Refused requests", ("policy", "status"))
        # Items that jobs performed, by job and outcome.
        self.job_runs = self._counter("job_runs", "Items performed by jobs", ("job", "outcome"))
        # When a job last looked whether something was due (Unix time): a job that sleeps is seen.
        self.job_last_look = self._gauge("job_last_look_timestamp_seconds", "Last look of a job", ("job",))
        # When a measure of the service's own field was last read (Unix time): a number that stands still is seen.
        self.measured = self._gauge("measured_timestamp_seconds", "Last reading of a measure", ("measure",))

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"green_{name}_total", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"green_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()) -> Histogram:
        return Histogram(f"green_{name}", text, labels, registry=self.registry, buckets=buckets)
