"""Report of submits: rates, ratios, CPU time, latencies."""

from __future__ import annotations

from tests.bench.load_generator import NEW_CONNECTION_EVERY
from tests.bench.measure import (
    ALL_PROCESSES,
    PROCESSES,
    cpu_cells,
    cpu_ratio,
    latency_cells,
    median,
    rate,
    rate_range,
    rate_ratio,
)
from tests.bench.prose import head, paragraph, point, row
from tests.bench.submit_rounds import BODY, CONNECTIONS, GROUPED, SINGLE_COMMIT, Submits

AIM = 7
"""Times a transaction for each request."""


def submit(submits: Submits) -> list[str]:
    grouped, single = (submits.full[batch] for batch in (GROUPED, SINGLE_COMMIT))
    return [
        *paragraph(
            f"POST of {BODY} bytes with token, policy and idempotency key, answered after the commit, its event",
            f"relayed; one server process, {CONNECTIONS} connections, one request in {NEW_CONNECTION_EVERY} on a new",
            "one, the load generator a process of its own on the same cores; medians (slowest to fastest) of",
            f"{len(grouped)} alternating rounds.",
        ),
        "",
        *head(
            *("commit", "submits/s", "p50 / p99 ms", "half load /s", "p50 / p99 ms"),
            f"CPU µs: {' / '.join(PROCESSES)}",
        ),
        *(_submit_row(submits, batch) for batch in (GROUPED, SINGLE_COMMIT)),
        "",
        *point(
            f"Group commit takes **{rate_ratio(grouped, single)} times** the submits of a transaction for each (aim:",
            f"at least {AIM}), and {cpu_ratio(grouped, single, ALL_PROCESSES)} times as many with the same CPU time of",
            "all processes.",
        ),
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
    return row(*cells)
