"""Catalogue of our own metrics; those that a library exports are not repeated.

An attribute is the metric's name without ``green_`` (and, for counters, without ``_total``). Labels hold closed
vocabularies only: no ids, no regions, no persons. The HTTP instrumentation has metrics of its own.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

AGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
"""From one message on an idle machine to a broker that was down for hours."""
COMMITS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
BATCHES = (1, 2, 5, 10, 25, 50, 75, 100, 150, 200)


class Metrics:
    """Metrics of one process on one registry; tests create their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._delivery()
        self._failures()
        self._edges()

    def with_process(self) -> Metrics:
        """Add memory, processor time and garbage collection of this process."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        return self

    def _delivery(self) -> None:
        # Large batches show a backlog, batches of one an idle service.
        self.commit_batch_size = self._histogram(
            "commit_batch_size", "Messages and commands in one transaction", BATCHES
        )
        # One transaction from its start to the majority's acknowledgement, retries included.
        self.commit_duration_seconds = self._histogram(
            "commit_duration_seconds", "Duration of one transaction", COMMITS
        )
        # The age of an event when its handler runs, in real time since its commit (whole seconds where the business
        # clock is simulated).
        self.event_lag_seconds = self._histogram(
            "event_lag_seconds", "Age of an event at handling", AGES, ("event_type",)
        )
        # The throughput of the service, and how much of it is refused or deferred.
        self.work_items = self._counter("work_items", "Committed messages and commands by outcome", ("outcome",))
        # The throughput of the relay.
        self.relay_published = self._counter("relay_published", "Events confirmed by the broker")
        # The alarm of the relay.
        self.outbox_oldest_pending_seconds = self._gauge(
            "outbox_oldest_pending_seconds", "Age of the oldest event that is saved and not published"
        )
        # Grows while the broker is away or the relay is too slow.
        self.outbox_pending = self._gauge("outbox_pending", "Events saved and not published")

    def _failures(self) -> None:
        # Messages and commands found in the inbox: answered without effect.
        self.inbox_duplicates = self._counter("inbox_duplicates", "Duplicate deliveries", ("consumer",))
        # Batches that met a newer version or a write conflict.
        self.commit_conflicts = self._counter("commit_conflicts", "Batches retried after a conflict")
        # Deliveries that depend on an event not handled yet.
        self.messages_deferred = self._counter("messages_deferred", "Deliveries deferred", ("consumer",))
        # The fifth failure parks the message.
        self.handler_failures = self._counter("handler_failures", "Failing handler runs", ("consumer",))
        # Parked and deferred messages; an operator must act when they stay.
        self.parked_messages = self._gauge("parked_messages", "Messages neither handled nor discarded")
        # What was set apart and why: a message nobody can read is its publisher's fault or somebody's attack.
        self.messages_parked = self._counter("messages_parked", "Messages parked or deferred by cause", ("cause",))
        # 0 while the queues of a process are not consumed, whatever its connection says.
        self.consumer_up = self._gauge("consumer_up", "Whether the queues are consumed", ("link",))
        # Connections that consumed and were replaced; many in a short time: a message or a network that breaks them.
        self.consumer_links_lost = self._counter("consumer_links_lost", "Consuming connections replaced", ("link",))
        # The dead-letter queue is the broker's last resort.
        self.dead_letters = self._counter("dead_letters", "Messages from the dead-letter queue")
        # Events that the broker returned, refused or did not confirm in time; they stay in the outbox.
        self.relay_failures = self._counter("relay_failures", "Events not confirmed by the broker", ("cause",))

    def _edges(self) -> None:
        # Commands and messages refused by a rule, by the refusal's stable code.
        self.handler_refusals = self._counter("handler_refusals", "Refusals by code", ("code",))
        # Requests beyond the limit on those in flight; the load balancer should send fewer here.
        self.requests_rejected = self._counter("requests_rejected", "Requests answered 503 before any work")
        # Requests without a valid token, or not within the policy; no handler ran.
        self.access_denied = self._counter("access_denied", "Requests denied", ("policy", "status"))
        # Counts a repeated item as known; it had no second effect.
        self.job_runs = self._counter("job_runs", "Items handled by jobs, by outcome", ("job", "outcome"))
        # Unix time of the last poll for due items that succeeded: reveals a job that no process runs, or that fails.
        self.job_last_poll = self._gauge("job_last_poll_timestamp_seconds", "Last good poll of a job", ("job",))
        # Polls that raised before any item was handled: nothing that is due gets done.
        self.job_polls_failed = self._counter("job_polls_failed", "Polls for due items that failed", ("job",))
        # Each reading that met a stored document which does not fit its type; polls and lists go on without it.
        self.unreadable_documents = self._counter(
            "unreadable_documents", "Readings of a stored document that cannot be read", ("collection",)
        )
        # Unix time of the last reading: reveals a gauge that is no longer read.
        self.gauge_last_read = self._gauge(
            "gauge_last_read_timestamp_seconds", "Last reading of a domain gauge", ("gauge",)
        )

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"green_{name}_total", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"green_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()) -> Histogram:
        return Histogram(f"green_{name}", text, labels, registry=self.registry, buckets=buckets)
