"""Report of the hop beside the libraries others use."""

from __future__ import annotations

from tests.bench.hop_competitors import GROUP
from tests.bench.measure import ALL_PROCESSES, cpu_cells, cpu_ratio, median, rate, rate_range, rate_ratio
from tests.bench.peer_rounds import MESSAGES, ROUNDS, PeerRuns


def lines(peers: PeerRuns) -> list[str]:
    return [
        "Consume, insert one document (majority, journal), publish one message: medians (slowest to fastest) of",
        f"{ROUNDS} alternating rounds on one broker and one mongod, a queue of {MESSAGES:,} messages each.",
        "The peers run in the configuration that measured best for each, with their library's own queues and",
        "publishing; they have neither inbox nor outbox nor transaction, but for the one that says so. The product",
        "has all three.",
        "",
        "| | messages/s | product ÷ it | by CPU of all | CPU µs per message: service / mongod / broker |",
        "| --- | --- | --- | --- | --- |",
        *(_row(name, peers) for name in peers.runs),
        *([""] if peers.failures else []),
        *(f"- {name} does not run here: {reason}" for name, reason in peers.failures.items()),
    ]


def _row(name: str, peers: PeerRuns) -> str:
    runs, product = peers.runs[name], peers.runs[GROUP]
    cells = (
        name,
        f"{rate(runs):,.0f} ({rate_range(runs)})",
        str(rate_ratio(product, runs)),
        f"{median(cpu_ratio(product, runs, ALL_PROCESSES).rounds):.2f}",
        cpu_cells(runs),
    )
    return f"| {' | '.join(cells)} |"
