"""RESULTS.md by sections: a new measurement replaces its own section and leaves the others."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import aiormq
import psutil

from tests.bench.competitor import Servers

HEADING = """# Benchmark

RabbitMQ with quorum queues and a one-node MongoDB replica set, majority and journal, on the machine of the
measurement. Absolute numbers hold for that machine and day; the ratios, measured alternating in one run, hold
beyond it; CPU time is what to trust where other programs ran beside. `make bench` measures again, `make bench
ONLY=scale` (or `hop`, `submit`, `reservations`, `chain`, `overload`, `growth`) one part; `SIZE=25000` makes scale and
chain a whole season, `SIZES="1000 100000"` names the sizes of growth, `taskset -c 0,1` holds all of it to two cores.
"""
MARK = "\n## "


def replace_sections(page: str, sections: Mapping[str, Sequence[str]], measured_on: str) -> str:
    """The page with these sections (title → lines) in place of those of the same title, or at its end."""
    sections_before = dict(_section(each) for each in page.split(MARK)[1:])
    new = {title: "\n".join([measured_on, "", *lines, ""]) for title, lines in sections.items()}
    return HEADING + "".join(f"{MARK}{title}\n\n{text}" for title, text in (sections_before | new).items())


async def measured_on(servers: Servers, load_average: float) -> str:
    """Date, machine and versions of a measurement, and how busy the machine was before it."""
    now = datetime.now(UTC)  # noqa: TID251 - the date of the measurement itself
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{psutil.cpu_count()} × {_processor()}, {memory:.0f} GiB, {platform.system()}"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("faststream", "aio-pika", "motor", "pymongo"))
    own = f"Python {platform.python_version()}; {libraries}"
    busy = f"load average before it {load_average:.1f}"
    return f"{now:%Y-%m-%d}, {machine}, {busy};\n{await _versions(servers)};\n{own}."


async def _versions(servers: Servers) -> str:
    async with await aiormq.connect(servers.broker.admin_url("/")) as connection:
        broker = str(connection.server_properties["version"])
    database = (await servers.mongod.run("buildInfo", 1))["version"]
    return f"RabbitMQ {broker}, mongod {database}"


def _processor() -> str:
    """Model of the processor."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _section(text: str) -> tuple[str, str]:
    title, _, rest = text.partition("\n")
    return title, rest.strip("\n") + "\n"
