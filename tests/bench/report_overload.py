"""Report of overload: submits beyond capacity, the seconds after, and a flood on one queue."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.flood_rounds import DUE, KINDS, RATE, SECONDS, Flood, Responsiveness
from tests.bench.load_generator import NEW_CONNECTION_EVERY
from tests.bench.load_process import Answer
from tests.bench.measure import percentile
from tests.bench.overload_rounds import (
    CONNECTIONS,
    PATIENCE,
    RECOVERED_AFTER,
    RECOVERY,
    RECOVERY_SECONDS,
    Overload,
    Overloads,
)
from tests.bench.prose import head, paragraph, point, row

MIB = 1 << 20
AIMS = {1.5: 0.85, 3.0: 0.75}
"""Share of capacity that must be answered in time, by what is offered."""


def overload(measured: Overloads) -> list[str]:
    seconds = measured.runs[0].seconds
    return [
        *paragraph(
            "Open loop against one API process of applications: real submits of complete drafts, each with its own",
            f"token, sent when due whoever answers, one in {NEW_CONNECTION_EVERY} on a new connection; clients give up",
            f"after {PATIENCE:.0f} s and try again after a 503; {seconds:.0f} s beyond capacity and",
            f"{RECOVERY_SECONDS:.0f} s at {RECOVERY} of it. Capacity is that of a closed loop on {CONNECTIONS}",
            "connections, measured just before and just after. The generator is a process of its own on the same",
            "cores.",
        ),
        "",
        *(line for run in measured.runs for line in _findings(run)),
        "",
        *head(
            *("offered", "capacity /s", "in time /s", "of capacity", "p50 / p99 ms", "503 /s", "503 p50 / p99 ms"),
            *("unanswered", "RSS MiB", "server / generator cores", "generator late p99 ms"),
        ),
        *(_row(run) for run in measured.runs),
    ]


def _findings(run: Overload) -> list[str]:
    after, refused, failed = run.after(), run.refused(), run.failed()
    in_time = sum(each.succeeded for each in after)
    return point(
        f"At {run.offered} times capacity **{run.share_in_time():.0%}** of it is answered in time (aim: at least",
        f"{AIMS[run.offered]:.0%}), the accepted within **{_milliseconds(run.accepted(), 0.99)} ms** (p99; aim: under",
        f"1,000). {len(refused):,} answers are 503, {run.without_retry_after()} of them without Retry-After, p99",
        f"{_milliseconds(refused, 0.99)} ms (aim: 50). Memory: {run.growth() / MIB:+.0f} MiB from the first third of",
        f"the load to the last. {run.lost} submits answered and lost, {run.untold:,} kept that nobody was told. From",
        f"{RECOVERED_AFTER:.0f} s after the load {in_time:,} of {len(after):,} requests are answered, p99",
        f"{_milliseconds(after, 0.99)} ms.",
        *([f"**{len(failed)} failed: {sorted({each.status for each in failed})}.**"] if failed else []),
    )


def _row(run: Overload) -> str:
    accepted, refused = run.accepted(), run.refused()
    memory = [size for _, size in run.memory]
    return row(
        f"{run.offered} ×",
        f"{run.capacity:,.0f}",
        f"{len(accepted) / run.seconds:,.0f}",
        f"{run.share_in_time():.2f}",
        _latencies(accepted),
        f"{sum(each.phase == 0 for each in refused) / run.seconds:,.0f}",
        _latencies(refused),
        f"{len(run.unanswered()):,}",
        f"{min(memory) / MIB:.0f} to {max(memory) / MIB:.0f}",
        f"{run.server_cores:.2f} / {run.load.cores:.2f}",
        f"{run.load.latest * 1000:.0f}",
    )


def flood(measured: Flood) -> list[str]:
    return [
        *paragraph(
            f"A flood of {measured.messages:,} accepted applications on one queue of review, one process in role all,",
            f"handled in {measured.seconds:.0f} s; meanwhile {RATE:.0f} requests a second of each kind for",
            f"{SECONDS:.0f} s, and {DUE} reminders fall due at once:",
        ),
        "",
        *head("", *(f"{kind}, p50 / p99 ms" for kind in KINDS), f"{DUE} reminders, s", "without success"),
        _flood_row("idle", measured.idle),
        _flood_row("flooded", measured.flooded),
    ]


def _flood_row(name: str, each: Responsiveness) -> str:
    waits = (f"{each.milliseconds(kind, 0.5):,.0f} / {each.milliseconds(kind, 0.99):,.0f}" for kind in KINDS)
    failed = ", ".join(f"{count} {name}" for name, count in each.failed.items())
    return row(name, *waits, f"{each.jobs:.1f}", failed or "–")


def _latencies(answers: Sequence[Answer]) -> str:
    return f"{_milliseconds(answers, 0.5)} / {_milliseconds(answers, 0.99)}"


def _milliseconds(answers: Sequence[Answer], share: float) -> str:
    return f"{percentile([each.seconds for each in answers], share) * 1000:,.0f}" if answers else "–"
