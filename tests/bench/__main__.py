"""``make bench [ONLY=part]``: measure alternating in one run and write RESULTS.md."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from devkit.private_servers import PrivateServers
from devkit.servers import Broker, Mongod

from tests.bench import (
    report,
    report_chain,
    report_growth,
    report_hop,
    report_overload,
    report_peers,
    report_reservations,
    report_scale,
)
from tests.bench.chain_rounds import chain_rounds
from tests.bench.competitor import Servers
from tests.bench.flood_rounds import flood_rounds
from tests.bench.growth import growth_rows
from tests.bench.hop_rounds import hop_rounds
from tests.bench.overload_rounds import overload_rounds
from tests.bench.peer_rounds import peer_rounds
from tests.bench.reservation_rounds import reservation_rounds
from tests.bench.results_page import measured_on, replace_sections
from tests.bench.scale_changes import drain_while_workers_change
from tests.bench.scale_rounds import scale_rounds
from tests.bench.submit_rounds import submit_rounds

CHANGES_SIZE = 3_000
RESULTS = Path(__file__).with_name("RESULTS.md")


async def hop(servers: Servers, _folder: Path) -> list[str]:
    return report_hop.lines(await hop_rounds(servers))


async def submit(servers: Servers, folder: Path) -> list[str]:
    return report.submit(await submit_rounds(servers, folder))


async def reservations(servers: Servers, folder: Path) -> list[str]:
    return report_reservations.lines(await reservation_rounds(servers, folder))


async def scale(servers: Servers, folder: Path) -> list[str]:
    measured = await scale_rounds(servers, folder)
    changed = await drain_while_workers_change(PrivateServers(*servers), folder / "changes", CHANGES_SIZE)
    return [*report_scale.lines(measured), *report_scale.changes(changed)]


async def chain(servers: Servers, folder: Path) -> list[str]:
    return report_chain.lines(await chain_rounds(servers, folder))


async def overload(servers: Servers, folder: Path) -> list[str]:
    submits = await overload_rounds(servers, folder)
    return [*report_overload.overload(submits), "", *report_overload.flood(await flood_rounds(servers, folder))]


async def growth(servers: Servers, _folder: Path) -> list[str]:
    return report_growth.lines(await growth_rows(servers))


async def peers(servers: Servers, _folder: Path) -> list[str]:
    return report_peers.lines(await peer_rounds(servers))


PARTS: dict[str, tuple[str, Callable[[Servers, Path], Awaitable[list[str]]]]] = {
    "hop": ("One hop", hop),
    "submit": ("HTTP submit", submit),
    "reservations": ("Reservations", reservations),
    "scale": ("Scale-out of review", scale),
    "chain": ("From submission to case", chain),
    "overload": ("Overload", overload),
    "growth": ("Growth", growth),
    "peers": ("One hop beside other libraries", peers),
}
OPTIONAL = {"peers"}
"""Measured only when named: `make bench-peers` installs what it needs."""


async def main(*names: str) -> None:
    """Measure the named parts, or all but the optional ones."""
    sections, load_average = {}, os.getloadavg()[0]
    with TemporaryDirectory(prefix="green-bench-") as folder:
        servers = Servers(await Broker.start(Path(folder) / "broker"), await Mongod.start(Path(folder) / "mongod"))
        try:
            for title, measure in (PARTS[name] for name in names or [each for each in PARTS if each not in OPTIONAL]):
                sections[title] = await measure(servers, Path(folder))
            where = await measured_on(servers, load_average)
        finally:
            await servers.broker.stop()
            await servers.mongod.stop()
    page = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    RESULTS.write_text(replace_sections(page, sections, where), encoding="utf-8")
    sys.stdout.write("\n".join(line for lines in sections.values() for line in [*lines, ""]))


if __name__ == "__main__":
    if unknown := set(sys.argv[1:]) - set(PARTS):
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    asyncio.run(main(*sys.argv[1:]))
