"""What hops and submits come to: rates, ratios, processor time, latencies."""

from __future__ import annotations

from tests.bench.measure import Run, median
from tests.bench.rounds import ROUNDS, USUAL, Runs
from tests.bench.submit import BODY, CONNECTIONS, Submits

PROCESSES = ("service", "mongod", "broker")


def hop(hops: Runs) -> list[str]:
    return [*_hop(hops), "", *_findings(hops)]


def _hop(hops: Runs) -> list[str]:
    base = _rate(hops["transaction per message"])
    rows = [
        f"| {name} | {_rate(runs):,.0f} | {_rate(runs) / base:.1f} | "
        + " / ".join(f"{median([run.microseconds(each) for run in runs]):,.0f}" for each in PROCESSES)
        + " |"
        for name, runs in hops.items()
    ]
    return [
        "Consume, inbox, state, outbox, publish with confirm, acknowledge: medians of",
        f"{ROUNDS} alternating rounds, a queue of {USUAL:,} messages drained by one process.",
        "",
        "| | messages/s | × | CPU µs per message: service / mongod / broker |",
        "| --- | --- | --- | --- |",
        *rows,
    ]


def _findings(hops: Runs) -> list[str]:
    group, single = _rate(hops["group commit"]), _rate(hops["transaction per message"])
    floor, plain = _rate(hops["aio-pika floor"]), _rate(hops["group commit, aio-pika relay"])
    return [
        f"- Group commit runs at **{group / single:.1f} times** a transaction for each message (aim: at least 5).",
        f"- It reaches **{group / floor:.0%}** of the floor written by hand on aio-pika (aim: at least 80 %).",
        f"- The relay's own publishing (aiormq, frames of a batch in one write) adds **{group / plain - 1:+.0%}** to",
        "  the same hop with aio-pika's publish in the relay.",
    ]


def submit(submits: list[Submits]) -> list[str]:
    rows = [_submit_row(each) for each in submits]
    return [
        f"POST of {BODY} bytes with token, policy and idempotency key, answered after the commit, its event relayed;",
        f"one server process, {CONNECTIONS} connections, the load generator on the same cores.",
        "",
        "| commit | submits/s | p50 / p99 ms | half load /s | p50 / p99 ms | CPU µs: service / mongod / broker |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
    ]


def _submit_row(each: Submits) -> str:
    cells = (
        f"batches of up to {each.batch}",
        f"{each.full.rate:,.0f}",
        _latencies(each, half=False),
        f"{each.half_rate:,.0f}",
        _latencies(each, half=True),
        " / ".join(f"{each.full.microseconds(process):,.0f}" for process in PROCESSES),
    )
    return f"| {' | '.join(cells)} |"


def _latencies(each: Submits, *, half: bool) -> str:
    return f"{each.milliseconds(0.5, half=half):.0f} / {each.milliseconds(0.99, half=half):.0f}"


def _rate(runs: list[Run]) -> float:
    return median([run.rate for run in runs])
