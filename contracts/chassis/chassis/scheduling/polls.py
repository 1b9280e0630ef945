"""The polls of one job: those that fail are counted, and the time of the last good one is exported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chassis.observability.log_rate import ThrottledLog
from chassis.observability.metrics import Metrics

LOG_INTERVAL = 60.0
"""Seconds: a poll that fails does so every second, each time with the same traceback."""


class Polls:
    """Runs the polls of one job, whatever they raise."""

    def __init__(self, job: str, metrics: Metrics) -> None:
        self._job = job
        self._metrics = metrics
        self._log = ThrottledLog(__name__, LOG_INTERVAL)
        # From the start on: a job whose first poll fails already must not look as if it did not exist.
        self.succeeded()
        metrics.job_polls_failed.labels(job)

    async def run(self, poll: Callable[[], Awaitable[int | None]]) -> int:
        """Return how many items were done; none when the poll failed or another process polls."""
        try:
            return await poll() or 0
        except Exception as problem:  # noqa: BLE001 - a query or a service's own code may raise anything
            self._metrics.job_polls_failed.labels(self._job).inc()
            self._log.error("poll failed", job=self._job, exc_info=problem)
            return 0

    def succeeded(self) -> None:
        self._metrics.job_last_poll.labels(self._job).set_to_current_time()
