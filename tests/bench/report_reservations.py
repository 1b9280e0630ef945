"""What the reservations came to: beside the floor, beside one another, and how long an answer takes."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.measure import Latencies, costs, median, rate, spread, waits
from tests.bench.reservations import (
    CONTESTS,
    FLOOR_OF_MANY,
    FLOOR_OF_ONE,
    MANY_ASK,
    MIXED,
    ONE_REFUSED,
    ONE_TAKES_AND_GIVES,
    ROUNDS,
    Contest,
    Reservations,
)
from tests.bench.steady_state import ALONE, BARE, BESIDE_OTHERS, BESIDE_THE_ONE


def lines(found: Reservations) -> list[str]:
    return [*_findings(found), "", *_rates(found), "", *_waiting(found)]


def _findings(found: Reservations) -> list[str]:
    many, one = rate(found.runs[MANY_ASK]), rate(found.runs[ONE_REFUSED])
    given, mixed = rate(found.runs[ONE_TAKES_AND_GIVES]), rate(found.runs[MIXED])
    apart = 2 / (1 / many + 1 / one)
    alone, others, beside = (_late(found.latencies[name]) for name in (ALONE, BESIDE_OTHERS, BESIDE_THE_ONE))
    of_many, of_one = rate(found.runs[FLOOR_OF_MANY]), rate(found.runs[FLOOR_OF_ONE])
    return [
        f"- Of the rate of a bare conditional update: ten thousand representatives **{many / of_many:.2f}**,",
        f"  one representative **{given / of_one:.2f}** when granted, **{one / of_one:.2f}** when refused;",
        "  the floor is one write, with nothing heard, remembered or said.",
        f"- Of the rate of the ten thousand: one representative **{given / many:.1f} times** when granted,",
        f"  **{one / many:.1f} times** when refused.",
        f"- Does the one slow the others? Both in turn go at **{mixed / apart:.2f}** of what the two come to apart;",
        f"  the others' p99 beside the one is **{beside / others:.2f}** of that beside as many more of their own",
        f"  (and {beside / alone:.1f} times that with nobody beside them).",
    ]


def _rates(found: Reservations) -> list[str]:
    return [
        f"Consume, decide, commit, publish with confirm, acknowledge; medians (slowest to fastest) of {ROUNDS}",
        "alternating rounds, each queue drained by one worker process of assessor-quota. The floor is",
        "`find_one_and_update` with a guard on the count, majority and journal, 200 at once.",
        "",
        "| | × floor | messages/s | CPU µs per message: service / mongod / broker |",
        "| --- | --- | --- | --- |",
        *(_row(found, contest) for contest in CONTESTS),
    ]


def _row(found: Reservations, contest: Contest) -> str:
    runs, against = found.runs[contest.name], rate(found.runs[contest.floor])
    return f"| {contest.name} | {rate(runs) / against:.2f} | {rate(runs):,.0f} ({spread(runs)}) | {costs(runs)} |"


def _waiting(found: Reservations) -> list[str]:
    return [
        "How long an answer takes, from publishing the submission until the applications service has it, at",
        f"{found.rate:.0f} messages/s for the ten thousand (a quarter of what was drained): with nobody beside them,",
        "with as many more of their own, and with as many for the one representative.",
        "",
        "| the ten thousand | p50 / p99 ms | × p99 alone | answered/s |",
        "| --- | --- | --- | --- |",
        *(_waiting_row(found, name) for name in (ALONE, BESIDE_OTHERS, BESIDE_THE_ONE, BARE)),
    ]


def _waiting_row(found: Reservations, name: str) -> str:
    each = found.latencies[name]
    against = _late(each) / _late(found.latencies[ALONE])
    return f"| {name} | {waits(each)} | {against:.2f} | {median([one.rate for one in each]):.0f} |"


def _late(each: Sequence[Latencies]) -> float:
    return median([one.milliseconds(0.99) for one in each])
