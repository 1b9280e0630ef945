"""The computed curve: cases a second with more workers than this machine has cores for."""

from __future__ import annotations

import math
from dataclasses import dataclass

WORKERS = (1, 2, 4, 8, 16, 32)
LOADS = (25_000, 100_000)
MONGOD_CORES = 4
"""Cores of the primary that the curve assumes; it computes with as many threads as it has."""
WORTH_ADDING = 1.1
"""A doubling of the workers that brings less than this has met another limit."""


@dataclass(frozen=True)
class Costs:
    """CPU seconds for each case, and the share of its rate that a worker keeps at each doubling of their number."""

    service: float
    mongod: float
    broker: float
    kept_at_doubling: float


@dataclass(frozen=True)
class Point:
    """Rate with so many workers, and what limits it."""

    workers: int
    rate: float
    limit: str

    def seconds(self, cases: int) -> float:
        return cases / self.rate


def curve(costs: Costs) -> list[Point]:
    """Each worker has a core; the queue is one Erlang process, and counts as if it did all that the broker does."""
    return [_point(costs, workers) for workers in WORKERS]


def useful_workers(points: list[Point]) -> int:
    """The most workers to which a doubling still brings a tenth."""
    useful = points[0]
    for point in points[1:]:
        if point.rate < WORTH_ADDING * useful.rate:
            break
        useful = point
    return useful.workers


def _point(costs: Costs, workers: int) -> Point:
    kept = min(1.0, costs.kept_at_doubling) ** math.log2(workers)
    limits = {
        "workers": workers * kept / costs.service,
        "queue": 1 / costs.broker,
        "mongod": MONGOD_CORES / costs.mongod,
    }
    limit = min(limits, key=lambda name: limits[name])
    return Point(workers, limits[limit], limit)
