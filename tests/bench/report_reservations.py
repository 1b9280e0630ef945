"""What the reservations came to: beside the floor, beside one another, and how long an answer takes."""

from __future__ import annotations

from tests.bench.measure import Run, median
from tests.bench.report import PROCESSES
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
from tests.bench.steady import ALONE, BARE, BESIDE_OTHERS, BESIDE_THE_ONE, Latencies


def lines(found: Reservations) -> list[str]:
    return [*_findings(found), "", *_rates(found), "", *_waiting(found)]


def _findings(found: Reservations) -> list[str]:
    many, one = _rate(found, MANY_ASK), _rate(found, ONE_REFUSED)
    given, mixed = _rate(found, ONE_TAKES_AND_GIVES), _rate(found, MIXED)
    apart = 2 / (1 / many + 1 / one)
    alone, others, beside = (
        _milliseconds(found.latencies[name], 0.99) for name in (ALONE, BESIDE_OTHERS, BESIDE_THE_ONE)
    )
    of_many, of_one = _rate(found, FLOOR_OF_MANY), _rate(found, FLOOR_OF_ONE)
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
        f"Consume, decide, commit, publish with confirm, acknowledge; medians of {ROUNDS} alternating rounds,",
        "each queue drained by one worker process of assessor-quota. The floor is `find_one_and_update` with a guard",
        "on the count, majority and journal, 200 at once.",
        "",
        "| | × floor | messages/s | CPU µs per message: service / mongod / broker |",
        "| --- | --- | --- | --- |",
        *(_row(found, contest) for contest in CONTESTS),
    ]


def _row(found: Reservations, contest: Contest) -> str:
    rate, runs = _rate(found, contest.name), found.runs[contest.name]
    costs = " / ".join(f"{median([run.microseconds(each) for run in runs]):,.0f}" for each in PROCESSES)
    return f"| {contest.name} | {rate / _rate(found, contest.floor):.2f} | {rate:,.0f} | {costs} |"


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
    late = _milliseconds(each, 0.99)
    against = late / _milliseconds(found.latencies[ALONE], 0.99)
    rate = median([one.rate for one in each])
    return f"| {name} | {_milliseconds(each, 0.5):.0f} / {late:.0f} | {against:.2f} | {rate:.0f} |"


def _rate(found: Reservations, name: str) -> float:
    return median([run.rate for run in _runs(found, name)])


def _runs(found: Reservations, name: str) -> list[Run]:
    return found.runs[name]


def _milliseconds(each: list[Latencies], share: float) -> float:
    return median([one.milliseconds(share) for one in each])
