"""What hops and submits come to: rates, ratios, processor time, latencies."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.hop import FLOOR, GROUP, IN_FLIGHT, PLAIN, SINGLE
from tests.bench.measure import Run, costs, median, rate, spread, waits
from tests.bench.rounds import MESSAGES, RATE, ROUNDS, USUAL, Hops
from tests.bench.submit import BODY, CONNECTIONS, GATHERED, SINGLY, Submits


def hop(hops: Hops) -> list[str]:
    return [*_rates(hops), "", *_findings(hops), "", *_waiting(hops)]


def _rates(hops: Hops) -> list[str]:
    fewer = "; ".join(f"of {number} by “{name}”" for name, number in MESSAGES.items())
    return [
        "Consume, inbox, state, outbox, publish with confirm, acknowledge: medians (slowest to fastest) of",
        f"{ROUNDS} alternating rounds, a queue of {USUAL:,} messages ({fewer}) drained by one process",
        f"with {IN_FLIGHT} commits in flight, whichever the contestant. One clock for all: from the first delivery",
        "until nothing that was said is unsent, confirms and marks included.",
        "",
        "| | messages/s | × | CPU µs per message: service / mongod / broker |",
        "| --- | --- | --- | --- |",
        *(_row(name, runs, hops.runs[SINGLE]) for name, runs in hops.runs.items()),
    ]


def _row(name: str, runs: Sequence[Run], base: Sequence[Run]) -> str:
    return f"| {name} | {rate(runs):,.0f} ({spread(runs)}) | {rate(runs) / rate(base):.1f} | {costs(runs)} |"


def _findings(hops: Hops) -> list[str]:
    group, single, floor, plain = (rate(hops.runs[name]) for name in (GROUP, SINGLE, FLOOR, PLAIN))
    return [
        f"- Group commit runs at **{group / single:.1f} times** a transaction for each message (aim: at least 5).",
        f"- It reaches **{group / floor:.0%}** of the floor written by hand on aio-pika (aim: at least 80 %).",
        f"- The relay's own publishing (aiormq, frames of a batch in one write) adds **{group / plain - 1:+.0%}** to",
        "  the same hop with aio-pika's publish in the relay.",
    ]


def _waiting(hops: Hops) -> list[str]:
    return [
        f"At {RATE:.0f} messages/s, from publishing a message until the answer has come to the next service:",
        "",
        "| | p50 / p99 ms |",
        "| --- | --- |",
        *(f"| {name} | {waits([each])} |" for name, each in hops.latencies.items()),
    ]


def submit(submits: Submits) -> list[str]:
    gathered, singly = (rate(submits.full[batch]) for batch in (GATHERED, SINGLY))
    return [
        f"POST of {BODY} bytes with token, policy and idempotency key, answered after the commit, its event relayed;",
        f"one server process, {CONNECTIONS} connections, the load generator on the same cores; medians (slowest to",
        f"fastest) of {len(submits.full[GATHERED])} alternating rounds.",
        "",
        "| commit | submits/s | p50 / p99 ms | half load /s | p50 / p99 ms | CPU µs: service / mongod / broker |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_submit_row(submits, batch) for batch in (GATHERED, SINGLY)),
        "",
        f"- Group commit takes **{gathered / singly:.1f} times** the submits of a transaction for each.",
    ]


def _submit_row(submits: Submits, batch: int) -> str:
    full, half = submits.full[batch], submits.at_half[batch]
    cells = (
        f"batches of up to {batch}",
        f"{rate(full):,.0f} ({spread(full)})",
        waits(submits.at_full[batch]),
        f"{median([each.rate for each in half]):,.0f}",
        waits(half),
        costs(full),
    )
    return f"| {' | '.join(cells)} |"
