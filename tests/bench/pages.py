"""RESULTS.md by its sections: one that is measured again replaces its own and leaves the others."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version

import psutil

HEADING = """# Benchmark

RabbitMQ with quorum queues and a one-node MongoDB replica set, majority and journal, on the machine of the
measurement. Absolute numbers are that machine's on that day; the ratios, measured alternating in one run, are
what to reason with. `make bench` measures again; `make bench ONLY=reservations` (or `hop`, `submit`) one part.
"""
MARK = "\n## "


def replaced(page: str, sections: dict[str, list[str]]) -> str:
    """The page with these sections (title → lines) in the place of the old ones of their titles, or at its end."""
    kept = dict(_section(each) for each in page.split(MARK)[1:])
    fresh = {title: "\n".join([measured(), "", *lines, ""]) for title, lines in sections.items()}
    return HEADING + "".join(f"{MARK}{title}\n\n{text}" for title, text in (kept | fresh).items())


def measured() -> str:
    """When and on what a section was measured."""
    now = datetime.now(UTC)  # noqa: TID251 - the date of the measurement itself
    machine = f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()}"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("faststream", "aio-pika", "motor", "pymongo"))
    return f"{now:%Y-%m-%d}, {machine}, Python {platform.python_version()}; {libraries}."


def _section(text: str) -> tuple[str, str]:
    title, _, rest = text.partition("\n")
    return title, rest.strip("\n") + "\n"
