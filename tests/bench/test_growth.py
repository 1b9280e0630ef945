"""The frame of growth measures what an act really takes, and names the acts that miss their bounds."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from chassis.persistence.mongo import open_database
from devkit.longest_callback import LongestCallback
from devkit.private_servers import PrivateServers

from tests.bench import report_growth
from tests.bench.growth import MIB, Probe, Row, insert_values, memory, reset_peak
from tests.bench.workload import Submitter

pytest_plugins = ["devkit.fixtures"]

PAGE = Row("page", 1_000, False, 0.1, 0.05, 0.06, 0.01, "get", MIB, MIB, 2 * MIB, 100, 0, 50)
EXPORT = replace(PAGE, name="export", whole=True, returned=None)


def _busy(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def test_longest_callback_is_the_longest_step_and_names_its_coroutine() -> None:
    async def long_step() -> None:
        await asyncio.sleep(0)
        _busy(0.03)
        await asyncio.sleep(0)
        _busy(0.03)

    watched = LongestCallback()
    with watched:
        await asyncio.create_task(long_step())

    assert 0.03 <= watched.seconds < 0.06
    assert watched.name.endswith("long_step")


async def test_waiting_is_no_callback_time() -> None:
    watched = LongestCallback()
    with watched:
        await asyncio.sleep(0.05)

    assert watched.seconds < 0.05


def test_peak_is_that_since_the_reset() -> None:
    reset_peak()
    before = memory("VmRSS")
    block = bytearray(b"x" * 64 * MIB)
    grown = memory("VmHWM") - before
    del block
    reset_peak()

    assert grown > 60 * MIB
    assert memory("VmHWM") - before < 60 * MIB


async def test_probe_counts_documents_read_and_sorts_in_memory(servers: PrivateServers) -> None:
    database = open_database(servers.mongod.admin_url, "growth_probe")
    await insert_values(database, "submitters", {str(number): Submitter(number) for number in range(1_500)})
    probe = Probe(1_500, servers.mongod)

    async with probe("scan") as act:
        act.returned = len(await database.find("submitters", {"number": {"$gte": 0}}, [("number", 1)], 10))

    (row,) = probe.rows
    assert (row.name, row.size, row.returned) == ("scan", 1_500, 10)
    assert row.examined >= 1_500
    assert row.sorted_in_memory >= 1
    assert row.rss_peak >= row.rss_before
    await database.drop()
    await database.close()


def test_bounded_act_may_not_grow_and_act_over_all_only_in_proportion() -> None:
    rows = [PAGE, replace(PAGE, size=10_000, all_cpu=0.11)]
    exports = [EXPORT, replace(EXPORT, size=10_000, all_cpu=0.6)]

    assert list(report_growth.findings([*rows, *exports])) == []
    assert list(report_growth.findings([PAGE, replace(PAGE, size=10_000, all_cpu=0.6)])) == [
        "page: 10.0 times the CPU for 10 times the documents"
    ]
    assert list(report_growth.findings([EXPORT, replace(EXPORT, size=10_000, all_cpu=6.0)])) == [
        "export: 100.0 times the CPU for 10 times the documents"
    ]


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        (replace(PAGE, callback=0.06), "page at 1,000: 60 ms in one callback (get)"),
        (replace(PAGE, sorted_in_memory=2), "page at 1,000: 2 sorts in memory"),
        (replace(PAGE, examined=121), "page at 1,000: 121 documents read for 50"),
    ],
)
def test_row_over_a_bound_is_found(row: Row, finding: str) -> None:
    assert list(report_growth.findings([row])) == [finding]


def test_report_shows_each_act_at_each_size_and_what_is_missed() -> None:
    lines = report_growth.lines({"notify": [PAGE, replace(PAGE, size=10_000, callback=0.2)]})

    assert "| page | 0.06 / 10 / 1 / 100 | 0.06 / 200 / 1 / 100 |" in lines
    assert lines[-1] == "- **notify, page at 10,000: 200 ms in one callback (get)**"
