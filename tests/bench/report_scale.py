"""Report of the scale-out: rates by number of workers, what the cores allow, conflicts, and the computed curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.bench.measure import PROCESSES, Ratio, cpu_cells, median, rate_ratio
from tests.bench.prose import paragraph, point
from tests.bench.scale_changes import ChangedWorkers
from tests.bench.scale_curve import LOADS, MONGOD_CORES, Costs, curve, useful_workers
from tests.bench.scale_rounds import FIRST, HELD_CORES, LAST, ROUNDS, WORKERS, Scale, ScaleRun
from tests.bench.season import ASSESSORS, SHARE_OF_ASSESSORS

ONE, TWO, FOUR = WORKERS


def lines(scale: Scale) -> list[str]:
    return [*_head(scale), "", *_findings(scale), "", *_table(scale), "", *_curve(scale)]


def _head(scale: Scale) -> list[str]:
    return paragraph(
        f"Accepted applications with every indicator of the factory scheme, {SHARE_OF_ASSESSORS:.0%} of them on the",
        f"report of a random one of {ASSESSORS:,} assessors, drained by review processes in role worker from the",
        f"composed topology; {scale.size:,} cases with free cores, {scale.held_size:,} for each worker that is",
        f"held to {HELD_CORES} core by a CPU group; rate and CPU between {FIRST:.0%} and {LAST:.0%} done, medians",
        f"(least to most) of {ROUNDS} alternating rounds. After each run: every case opened once, none lost, one entry",
        "in each record, one inbox row for each message, each event under one id.",
    )


def _findings(scale: Scale) -> list[str]:
    free, allowed = scale.free, Ratio(tuple(each.share_of_allowed for each in scale.free[TWO]))
    shares = [each.conflict_share for runs in (*free.values(), *scale.held.values()) for each in runs]
    return [
        *point(
            f"Two workers reach **{allowed}** of what the cores allow at {_median(free[TWO], _cpu) * 1e6:,.0f} µs a",
            f"case (aim: at least 0.9), and **{_ratio(free, TWO, ONE)}** of one; four reach",
            f"**{_ratio(free, FOUR, TWO)}** of two (aim: at least 0.9).",
        ),
        *_held(scale),
        *point(
            f"Conflicts: **{median(shares):.1%}** of commits in the median run, {max(shares):.1%} at most (aim: under",
            "2 %).",
        ),
    ]


def _held(scale: Scale) -> list[str]:
    if not scale.held:
        return point(
            f"Held workers were not measured: this machine lets its user create no CPU group ({scale.not_held})."
        )
    held = scale.held
    return point(
        f"Held to {HELD_CORES} core each, two workers reach **{_ratio(held, TWO, ONE)}** of one and four",
        f"**{_ratio(held, FOUR, TWO)}** of two (aim: at least 1.8 each).",
    )


def _table(scale: Scale) -> list[str]:
    return [
        "| | cases/s | × one | of what the cores allow | conflicts / commits | CPU µs: service / mongod / broker |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(_count(workers), scale.free, workers) for workers in scale.free),
        *(_row(f"{_count(workers)} of {HELD_CORES} core", scale.held, workers) for workers in scale.held),
    ]


def _row(name: str, by_workers: dict[int, list[ScaleRun]], workers: int) -> str:
    runs = by_workers[workers]
    conflicts, commits = sum(each.conflicts for each in runs), sum(each.commits for each in runs)
    rates = [each.run.rate for each in runs]
    cells = (
        name,
        f"{median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})",
        f"{_ratio(by_workers, workers, ONE).median:.2f}",
        f"{_median(runs, _share):.2f} of {_median(runs, lambda each: each.cores):.2f}",
        f"{conflicts} / {commits}",
        cpu_cells([each.run for each in runs]),
    )
    return f"| {' | '.join(cells)} |"


def _curve(scale: Scale) -> list[str]:
    costs = costs_of(scale)
    points = curve(costs)
    return [
        *paragraph(
            f"Computed from the CPU of four workers: every worker has a core and keeps {costs.kept_at_doubling:.2f} of",
            f"its rate at each doubling (as measured{' of held workers' if scale.held else ''}); a queue is one",
            "process of the broker, so all of the broker's CPU for a case is put on one core, the least favourable",
            f"way; mongod's primary has {MONGOD_CORES} cores.",
        ),
        "",
        f"| workers | cases/s | limit | {' | '.join(f'{each:,} cases' for each in LOADS)} |",
        f"| --- | --- | --- |{' --- |' * len(LOADS)}",
        *(
            f"| {point.workers} | {point.rate:,.0f} | {point.limit} | "
            f"{' | '.join(_duration(point.seconds(each)) for each in LOADS)} |"
            for point in points
        ),
        "",
        f"- More than **{useful_workers(points)} workers** bring less than a tenth at a doubling.",
    ]


def changes(changed: ChangedWorkers) -> list[str]:
    found = "; ".join(changed.violations) or "none lost, none opened twice"
    at = ", ".join(f"{each / changed.size:.0%}" for each in changed.at)
    return point(
        f"{changed.size:,} cases while {changed.added} workers were added, {changed.drained} drained and",
        f"{changed.killed} killed (at {at}): **{found}**.",
    )


def costs_of(scale: Scale) -> Costs:
    """Costs by the runs of four workers, whose batches are those of a backlog shared by many."""
    runs = [each.run for each in scale.free[FOUR]]
    service, mongod, broker = (median([each.microseconds(name) for each in runs]) / 1e6 for name in PROCESSES)
    by_workers = scale.held or scale.free
    kept = (_ratio(by_workers, FOUR, ONE).median / FOUR) ** 0.5
    return Costs(service, mongod, broker, min(1.0, kept))


def _count(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _ratio(by_workers: dict[int, list[ScaleRun]], more: int, fewer: int) -> Ratio:
    return rate_ratio([each.run for each in by_workers[more]], [each.run for each in by_workers[fewer]])


def _median(runs: Sequence[ScaleRun], value: Callable[[ScaleRun], float]) -> float:
    return median([value(each) for each in runs])


def _share(run: ScaleRun) -> float:
    return run.share_of_allowed


def _cpu(run: ScaleRun) -> float:
    return run.cpu_per_case
