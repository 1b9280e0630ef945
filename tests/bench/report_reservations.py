"""Report of reservations: against the baseline, against one another, and latencies of answers."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.measure import Latencies, Ratio, cpu_cells, latency_cells, median, rate, rate_range, rate_ratio
from tests.bench.reservation_rounds import (
    BASELINE_OF_MANY,
    BASELINE_OF_ONE,
    MANY_GRANTED,
    MIXED,
    ONE_GIVING_BACK,
    ONE_REFUSED,
    ROUNDS,
    SCENARIOS,
    Reservations,
    Scenario,
)
from tests.bench.steady_state import ALONE, BASELINE_ALONE, BESIDE_OTHERS, BESIDE_THE_ONE


def lines(results: Reservations) -> list[str]:
    return [*_findings(results), "", *_rates(results), "", *_latencies(results)]


def _findings(results: Reservations) -> list[str]:
    runs = results.runs
    many, one, granted = (runs[name] for name in (MANY_GRANTED, ONE_REFUSED, ONE_GIVING_BACK))
    of_many, of_one = runs[BASELINE_OF_MANY], runs[BASELINE_OF_ONE]
    expected = [2 / (1 / each.rate + 1 / other.rate) for each, other in zip(many, one, strict=True)]
    mixed = Ratio(tuple(each.rate / alone for each, alone in zip(runs[MIXED], expected, strict=True)))
    alone, others, beside = (_p99s(results.latencies[name]) for name in (ALONE, BESIDE_OTHERS, BESIDE_THE_ONE))
    return [
        f"- Of the rate of a bare conditional update: ten thousand representatives **{rate_ratio(many, of_many)}**,",
        f"  one representative **{rate_ratio(granted, of_one)}** when granted, **{rate_ratio(one, of_one)}** when",
        "  refused; the baseline is one write, with no message consumed, remembered or published.",
        f"- Of the rate of the ten thousand: one representative **{rate_ratio(granted, many)} times** when granted,",
        f"  **{rate_ratio(one, many)} times** when refused.",
        f"- Does the one slow the others? Both in turn reach **{mixed}** of the rate expected from each alone; the",
        f"  others' p99 beside the one is **{_times(beside, others)}** of that beside as many more of their own (and",
        f"  {_times(beside, alone)} times that with nobody beside them).",
    ]


def _rates(results: Reservations) -> list[str]:
    return [
        f"Consume, decide, commit, publish with confirm, acknowledge; medians (slowest to fastest) of {ROUNDS}",
        "alternating rounds, the queue of ledgers drained by its one active consumer. The baseline is",
        "`find_one_and_update` with a guard on the count, majority and journal, 200 at once.",
        "",
        "| | × baseline | messages/s | CPU µs per message: service / mongod / broker |",
        "| --- | --- | --- | --- |",
        *(_row(results, scenario) for scenario in SCENARIOS),
    ]


def _row(results: Reservations, scenario: Scenario) -> str:
    runs = results.runs[scenario.name]
    times = rate_ratio(runs, results.runs[scenario.baseline])
    cells = (scenario.name, str(times), f"{rate(runs):,.0f} ({rate_range(runs)})", cpu_cells(runs))
    return f"| {' | '.join(cells)} |"


def _latencies(results: Reservations) -> list[str]:
    return [
        "Latency of an answer, from publishing the submission until the applications service has it, at",
        f"{results.rate:.0f} messages/s for the ten thousand (a quarter of the drained rate): with nobody beside them,",
        "with as many more of their own, and with as many for the one representative.",
        "",
        "| the ten thousand | p50 / p99 ms | × p99 alone | answered/s |",
        "| --- | --- | --- | --- |",
        *(_latency_row(results, name) for name in (ALONE, BESIDE_OTHERS, BESIDE_THE_ONE, BASELINE_ALONE)),
    ]


def _latency_row(results: Reservations, name: str) -> str:
    each = results.latencies[name]
    times = _times(_p99s(each), _p99s(results.latencies[ALONE]))
    return f"| {name} | {latency_cells(each)} | {times} | {median([one.rate for one in each]):.0f} |"


def _p99s(each: Sequence[Latencies]) -> list[float]:
    return [one.milliseconds(0.99) for one in each]


def _times(values: Sequence[float], reference: Sequence[float]) -> Ratio:
    return Ratio(tuple(value / other for value, other in zip(values, reference, strict=True)))
