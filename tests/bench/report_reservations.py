"""Report of reservations: against the baseline, against one another, and latencies of answers."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.measure import Latencies, cpu_cells, latency_cells, median, rate, rate_range
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
    many, one = rate(results.runs[MANY_GRANTED]), rate(results.runs[ONE_REFUSED])
    granted, mixed = rate(results.runs[ONE_GIVING_BACK]), rate(results.runs[MIXED])
    expected = 2 / (1 / many + 1 / one)
    alone, others, beside = (_p99(results.latencies[name]) for name in (ALONE, BESIDE_OTHERS, BESIDE_THE_ONE))
    of_many, of_one = rate(results.runs[BASELINE_OF_MANY]), rate(results.runs[BASELINE_OF_ONE])
    return [
        f"- Of the rate of a bare conditional update: ten thousand representatives **{many / of_many:.2f}**,",
        f"  one representative **{granted / of_one:.2f}** when granted, **{one / of_one:.2f}** when refused;",
        "  the baseline is one write, with no message consumed, remembered or published.",
        f"- Of the rate of the ten thousand: one representative **{granted / many:.1f} times** when granted,",
        f"  **{one / many:.1f} times** when refused.",
        f"- Does the one slow the others? Both in turn reach **{mixed / expected:.2f}** of the rate expected from",
        f"  each alone; the others' p99 beside the one is **{beside / others:.2f}** of that beside as many more of",
        f"  their own (and {beside / alone:.1f} times that with nobody beside them).",
    ]


def _rates(results: Reservations) -> list[str]:
    return [
        f"Consume, decide, commit, publish with confirm, acknowledge; medians (slowest to fastest) of {ROUNDS}",
        "alternating rounds, each queue drained by one worker process of assessor-quota. The baseline is",
        "`find_one_and_update` with a guard on the count, majority and journal, 200 at once.",
        "",
        "| | × baseline | messages/s | CPU µs per message: service / mongod / broker |",
        "| --- | --- | --- | --- |",
        *(_row(results, scenario) for scenario in SCENARIOS),
    ]


def _row(results: Reservations, scenario: Scenario) -> str:
    runs, reference = results.runs[scenario.name], rate(results.runs[scenario.baseline])
    cells = (scenario.name, f"{rate(runs) / reference:.2f}", f"{rate(runs):,.0f} ({rate_range(runs)})", cpu_cells(runs))
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
    reference = _p99(each) / _p99(results.latencies[ALONE])
    return f"| {name} | {latency_cells(each)} | {reference:.2f} | {median([one.rate for one in each]):.0f} |"


def _p99(each: Sequence[Latencies]) -> float:
    return median([one.milliseconds(0.99) for one in each])
