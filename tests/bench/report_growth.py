"""Report of growth: each act at each size, and the acts that cost more than their kind allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.bench.growth import (
    DOCUMENTS_PER_RETURNED,
    LONGEST_CALLBACK,
    MIB,
    SPARE_DOCUMENTS,
    Row,
)

SMALL = 0.05
"""Seconds of CPU below which growth says nothing."""
LINEAR = 1.5
"""Times the growth of the size that the CPU of an act over everything may take."""
FLAT = 2.0
"""Times that the CPU of a bounded act may grow from the smallest size to the largest."""


def lines(results: Mapping[str, Sequence[Row]]) -> list[str]:
    return [
        "Real handlers, API and committer on a real mongod, in one process. CPU is of all threads of the process,",
        "the longest callback is the CPU time that one step of the event loop took, documents are those that mongod",
        "examined. An act “over all” concerns every document; the others must cost the same at every size.",
        *(line for part, rows in results.items() for line in ["", *_table(part, rows)]),
        "",
        *_findings(results),
    ]


def _table(part: str, rows: Sequence[Row]) -> list[str]:
    sizes = sorted({row.size for row in rows})
    heads = " | ".join(f"{size:,}" for size in sizes)
    return [
        f"| {part}: CPU s / longest callback ms / peak MiB above the start / documents | {heads} |",
        f"| --- |{' --- |' * len(sizes)}",
        *(f"| {name} | {' | '.join(_cell(_at(rows, name, size)) for size in sizes)} |" for name in _names(rows)),
    ]


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.name for row in rows))


def _at(rows: Sequence[Row], name: str, size: int) -> Row | None:
    return next((row for row in rows if (row.name, row.size) == (name, size)), None)


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    peak = max(0, row.rss_peak - row.rss_before) / MIB
    return f"{row.all_cpu:.2f} / {row.callback * 1000:.0f} / {peak:.0f} / {row.examined:,}"


def _findings(results: Mapping[str, Sequence[Row]]) -> list[str]:
    found = [f"- **{part}, {text}**" for part, rows in results.items() for text in findings(rows)]
    acts = sum(len(_names(rows)) for rows in results.values())
    return found or [
        f"- All {acts} acts stay within their bounds: no callback over {LONGEST_CALLBACK * 1000:.0f} ms of CPU, no",
        f"  in-memory sort, at most {DOCUMENTS_PER_RETURNED} documents read for one returned, bounded acts flat, acts",
        "  over all linear.",
    ]


def findings(rows: Sequence[Row]) -> Iterator[str]:
    """Each bound that an act misses, with its figure."""
    for row in rows:
        if row.callback > LONGEST_CALLBACK:
            step = f"{row.callback * 1000:.0f} ms in one callback ({row.callback_name})"
            yield f"{row.name} at {row.size:,}: {step}"
        if row.sorted_in_memory:
            yield f"{row.name} at {row.size:,}: {row.sorted_in_memory} sorts in memory"
        if row.returned is not None and row.examined > DOCUMENTS_PER_RETURNED * row.returned + SPARE_DOCUMENTS:
            yield f"{row.name} at {row.size:,}: {row.examined:,} documents read for {row.returned:,}"
    for name in _names(rows):
        yield from _grown([row for row in rows if row.name == name])


def _grown(rows: Sequence[Row]) -> Iterator[str]:
    least, most = min(rows, key=lambda row: row.size), max(rows, key=lambda row: row.size)
    if most.all_cpu < SMALL or least is most:
        return
    grown = most.all_cpu / max(least.all_cpu, SMALL / 10)
    allowed = LINEAR * most.size / least.size if most.whole else FLAT
    if grown > allowed:
        yield f"{most.name}: {grown:.1f} times the CPU for {most.size / least.size:.0f} times the documents"
