"""Report of hops and submits: rates, ratios, CPU time, latencies."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.hop_competitors import BASELINE, GROUP, IN_FLIGHT, PLAIN_RELAY, SINGLE
from tests.bench.hop_rounds import DEFAULT_MESSAGES, MESSAGES, RATE, ROUNDS, Hops
from tests.bench.measure import Run, cpu_cells, latency_cells, median, rate, rate_range
from tests.bench.submit_rounds import BODY, CONNECTIONS, GROUPED, SINGLE_COMMIT, Submits


def hop(hops: Hops) -> list[str]:
    return [*_rates(hops), "", *_findings(hops), "", *_latencies(hops)]


def _rates(hops: Hops) -> list[str]:
    exceptions = "; ".join(f"of {number} by “{name}”" for name, number in MESSAGES.items())
    return [
        "Consume, inbox, state, outbox, publish with confirm, acknowledge: medians (slowest to fastest) of",
        f"{ROUNDS} alternating rounds, a queue of {DEFAULT_MESSAGES:,} messages ({exceptions}) drained by one process",
        f"with {IN_FLIGHT} commits in flight for every competitor, timed from the first delivery until every event",
        "is published, confirmed and marked.",
        "",
        "| | messages/s | × | CPU µs per message: service / mongod / broker |",
        "| --- | --- | --- | --- |",
        *(_row(name, runs, hops.runs[SINGLE]) for name, runs in hops.runs.items()),
    ]


def _row(name: str, runs: Sequence[Run], base: Sequence[Run]) -> str:
    return f"| {name} | {rate(runs):,.0f} ({rate_range(runs)}) | {rate(runs) / rate(base):.1f} | {cpu_cells(runs)} |"


def _findings(hops: Hops) -> list[str]:
    group, single, baseline, plain = (rate(hops.runs[name]) for name in (GROUP, SINGLE, BASELINE, PLAIN_RELAY))
    return [
        f"- Group commit runs at **{group / single:.1f} times** a transaction for each message (aim: at least 5).",
        f"- It reaches **{group / baseline:.0%}** of the baseline written by hand on aio-pika (aim: at least 80 %).",
        f"- The relay's own publishing (aiormq, frames of a batch in one write) adds **{group / plain - 1:+.0%}** to",
        "  the same hop with aio-pika's publish in the relay.",
    ]


def _latencies(hops: Hops) -> list[str]:
    return [
        f"At {RATE:.0f} messages/s, from publishing a message until the next service has the answer:",
        "",
        "| | p50 / p99 ms |",
        "| --- | --- |",
        *(f"| {name} | {latency_cells([each])} |" for name, each in hops.latencies.items()),
    ]


def submit(submits: Submits) -> list[str]:
    grouped, single = (rate(submits.full[batch]) for batch in (GROUPED, SINGLE_COMMIT))
    return [
        f"POST of {BODY} bytes with token, policy and idempotency key, answered after the commit, its event relayed;",
        f"one server process, {CONNECTIONS} connections, the load generator on the same cores; medians (slowest to",
        f"fastest) of {len(submits.full[GROUPED])} alternating rounds.",
        "",
        "| commit | submits/s | p50 / p99 ms | half load /s | p50 / p99 ms | CPU µs: service / mongod / broker |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_submit_row(submits, batch) for batch in (GROUPED, SINGLE_COMMIT)),
        "",
        f"- Group commit takes **{grouped / single:.1f} times** the submits of a transaction for each.",
    ]


def _submit_row(submits: Submits, batch: int) -> str:
    full, half = submits.full[batch], submits.at_half[batch]
    cells = (
        f"batches of up to {batch}",
        f"{rate(full):,.0f} ({rate_range(full)})",
        latency_cells(submits.at_full[batch]),
        f"{median([each.rate for each in half]):,.0f}",
        latency_cells(half),
        cpu_cells(full),
    )
    return f"| {' | '.join(cells)} |"
