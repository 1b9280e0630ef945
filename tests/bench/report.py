"""Report of submits: rates, ratios, CPU time, latencies."""

from __future__ import annotations

from tests.bench.measure import cpu_cells, latency_cells, median, rate, rate_range
from tests.bench.submit_rounds import BODY, CONNECTIONS, GROUPED, SINGLE_COMMIT, Submits


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
