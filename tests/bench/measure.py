"""Measurements: CPU time by process, medians, percentiles and table cells."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

PROCESSES = ("service", "mongod", "broker")
ALL_PROCESSES = "all"


class CpuTime:
    """Seconds of CPU time that named processes, with their children, have used since the start."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._before = self._now()

    def used(self) -> dict[str, float]:
        return {name: seconds - self._before[name] for name, seconds in self._now().items()}

    def _now(self) -> dict[str, float]:
        return {name: _seconds(pid) for name, pid in self._pids.items()}


def _seconds(pid: int) -> float:
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system
    return total


@dataclass(frozen=True)
class Run:
    """One measured run of one competitor."""

    done: int
    seconds: float
    cpu_time: Mapping[str, float]

    @property
    def rate(self) -> float:
        return self.done / self.seconds

    def microseconds(self, process: str) -> float:
        """CPU time of that process, or of ``ALL_PROCESSES``, for each message."""
        seconds = sum(self.cpu_time.values()) if process == ALL_PROCESSES else self.cpu_time[process]
        return seconds / self.done * 1e6


@dataclass(frozen=True)
class Latencies:
    """Seconds that each message waited for its answer, and answers a second."""

    seconds: tuple[float, ...]
    rate: float

    def milliseconds(self, share: float) -> float:
        return percentile(self.seconds, share) * 1000


@dataclass(frozen=True)
class Ratio:
    """A ratio of two competitors in each round; those of one round share the machine's mood."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.rounds)

    def __str__(self) -> str:
        """The median with the lowest and the highest round."""
        return f"{self.median:.2f} ({min(self.rounds):.2f} to {max(self.rounds):.2f})"


def rate_ratio(runs: Sequence[Run], reference: Sequence[Run]) -> Ratio:
    """How many times the reference's rate."""
    return Ratio(tuple(run.rate / other.rate for run, other in zip(runs, reference, strict=True)))


def cpu_ratio(runs: Sequence[Run], reference: Sequence[Run], process: str) -> Ratio:
    """How many times as many messages as the reference one second of CPU time carries."""
    pairs = zip(runs, reference, strict=True)
    return Ratio(tuple(other.microseconds(process) / run.microseconds(process) for run, other in pairs))


def rate(runs: Sequence[Run]) -> float:
    """Median rate of the runs."""
    return median([run.rate for run in runs])


def rate_range(runs: Sequence[Run]) -> str:
    """The slowest and the fastest run, for a table."""
    rates = [run.rate for run in runs]
    return f"{min(rates):,.0f} to {max(rates):,.0f}"


def cpu_cells(runs: Sequence[Run]) -> str:
    """Medians of the CPU time for each message, by process, for a table."""
    return " / ".join(f"{median([run.microseconds(each) for run in runs]):,.0f}" for each in PROCESSES)


def latency_cells(latencies: Sequence[Latencies]) -> str:
    """Medians of p50 and p99 in milliseconds, for a table."""
    return " / ".join(f"{median([each.milliseconds(share) for each in latencies]):,.0f}" for share in (0.5, 0.99))


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
