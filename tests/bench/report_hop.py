"""Report of hops: rates, ratios to the two floors written by hand, CPU time, latencies."""

from __future__ import annotations

from tests.bench.hop_competitors import BASELINE, GROUP, HARDER_FLOOR, IN_FLIGHT, ON_ASYNCIO, PLAIN_RELAY, SINGLE, TUNED
from tests.bench.hop_rounds import DEFAULT_MESSAGES, MESSAGES, RATE, ROUNDS, Hops
from tests.bench.measure import ALL_PROCESSES, cpu_cells, cpu_ratio, latency_cells, rate, rate_range, rate_ratio

FLOOR_AIM, HARDER_FLOOR_AIM = 1.0, 0.75


def lines(hops: Hops) -> list[str]:
    return [*_rates(hops), "", *_findings(hops), "", *_latencies(hops)]


def _rates(hops: Hops) -> list[str]:
    exceptions = "; ".join(f"of {number} by “{name}”" for name, number in MESSAGES.items())
    return [
        "Consume, inbox, state, outbox, publish with confirm, acknowledge: medians (slowest to fastest) of",
        f"{ROUNDS} alternating rounds, a queue of {DEFAULT_MESSAGES:,} messages ({exceptions}) drained by one process",
        f"with {IN_FLIGHT} commits in flight for every competitor, timed from the first delivery until every event",
        "is published, confirmed and marked. “Group commit” has the default settings: motor on uvloop.",
        "The baseline drives motor on asyncio; the harder floor, PyMongo's own driver on uvloop, and its messages",
        "carry one header where all others carry the product's envelope.",
        "",
        "| | messages/s | × floor | × harder floor | CPU µs per message: service / mongod / broker |",
        "| --- | --- | --- | --- | --- |",
        *(_row(name, hops) for name in hops.runs),
    ]


def _row(name: str, hops: Hops) -> str:
    runs = hops.runs[name]
    cells = (
        name,
        f"{rate(runs):,.0f} ({rate_range(runs)})",
        *(f"{rate_ratio(runs, hops.runs[floor]).median:.2f}" for floor in (BASELINE, HARDER_FLOOR)),
        cpu_cells(runs),
    )
    return f"| {' | '.join(cells)} |"


def _findings(hops: Hops) -> list[str]:
    single, relay = (rate_ratio(hops.runs[GROUP], hops.runs[name]) for name in (SINGLE, PLAIN_RELAY))
    return [
        "Ratios of a round, the median with the lowest and highest round:",
        "",
        f"- Group commit runs at **{single} times** a transaction for each message (aim: at least 5).",
        *_against(hops, GROUP, BASELINE, f"the baseline written by hand on aio-pika (aim: {FLOOR_AIM})"),
        *_against(hops, ON_ASYNCIO, BASELINE, "the same baseline, loop and driver alike"),
        *_against(hops, TUNED, HARDER_FLOOR, f"the harder floor, with its driver and loop (aim: {HARDER_FLOOR_AIM})"),
        f"- The relay's own publishing (aiormq, frames of a batch in one write) adds **{relay.median - 1:+.0%}** to",
        "  the same hop with aio-pika's publish in the relay.",
    ]


def _against(hops: Hops, name: str, floor: str, description: str) -> list[str]:
    runs, reference = hops.runs[name], hops.runs[floor]
    service, everything = (cpu_ratio(runs, reference, process) for process in ("service", ALL_PROCESSES))
    return [
        f"- “{name}” reaches **{rate_ratio(runs, reference)}** of",
        f"  {description}; by CPU time of the service {service},",
        f"  of service, mongod and broker together **{everything}**.",
    ]


def _latencies(hops: Hops) -> list[str]:
    return [
        f"At {RATE:.0f} messages/s, from publishing a message until the next service has the answer:",
        "",
        "| | p50 / p99 ms |",
        "| --- | --- |",
        *(f"| {name} | {latency_cells([each])} |" for name, each in hops.latencies.items()),
    ]
