"""Report of the chain from submissions over HTTP to open cases."""

from __future__ import annotations

from collections.abc import Mapping

from tests.bench.chain_rounds import CONNECTIONS, ROLES, SIZE, ChainRun
from tests.bench.measure import PROCESSES
from tests.bench.prose import head, paragraph, row
from tests.bench.scale_rounds import WORKERS


def lines(runs: Mapping[int, ChainRun]) -> list[str]:
    one = runs[WORKERS[0]]
    return [
        *paragraph(
            f"{SIZE:,} submissions over HTTP on {CONNECTIONS} connections until their cases are open, one in five",
            f"evaluated by the applicant, with so many processes of each role ({', '.join(map(' '.join, ROLES))}), the",
            "load generator on the same cores; every submission became a case.",
        ),
        "",
        *head(
            *("of each role", "cases/s", "× one", "submits/s", f"CPU µs each: {' / '.join(PROCESSES)}"),
            *(" ".join(role) for role in ROLES),
            *("cores left", "conflicts"),
        ),
        *(
            row(
                f"{processes}",
                f"{each.run.rate:,.0f}",
                f"{each.run.rate / one.run.rate:.2f}",
                f"{each.submitted:,.0f}",
                " / ".join(f"{each.run.microseconds(name):,.0f}" for name in PROCESSES),
                *(f"{each.run.microseconds(' '.join(role)):,.0f}" for role in ROLES),
                f"{each.cores:.2f}",
                f"{each.conflicts}",
            )
            for processes, each in runs.items()
        ),
    ]
