"""Growth: what an act costs at 1,000, 10,000 and, when asked, 100,000 documents.

A module ``tests/bench/growth_<service>.py`` with ``async def measure(size, database, probe) -> None`` is a part:
it inserts ``size`` documents into the empty database (``insert_values``) and then performs each act of the service
inside ``async with probe(name) as act``. Real handlers, API and committer run in this process, on a real mongod.

    async def measure(size: int, database: Database, probe: Probe) -> None:
        await database.ensure_indexes((*INDEXES, *AUDIT_INDEXES))
        await insert_values(database, "notices", {each.notice_id: each for each in notices(size)})
        async with api_harness("notify", router, Store, aggregates=AGGREGATES, clock=CLOCK, database=database) as api:
            async with probe("a page of the board") as act:
                page = await api.client_as(Role.PUBLIC).get("/v1/board")
                act.returned = len(page.json()["items"])
            async with probe("export of the board", whole=True):
                await api.client_as(Role.REGIONAL_OFFICER).get("/v1/board/export")
            async with probe("a poll of remind, nothing due"):
                await run_job(api, REMIND)

``SIZES="1000 100000"`` names the sizes, ``PARTS="notify registry"`` the parts.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import pkgutil
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

from chassis.persistence.codec import codec
from chassis.persistence.leases import Leases
from chassis.persistence.mongo import Database, open_database
from chassis.persistence.unit_of_work import ChangeSet, Write
from chassis.runtime.entrypoint import GC_THRESHOLDS
from chassis.scheduling import Job
from chassis.scheduling.scheduler import JobScheduler
from chassis.transactions.step_runner import StepRunner
from devkit.api_harness import ApiHarness
from devkit.longest_callback import LongestCallback
from devkit.servers import MongodAdmin

from tests.bench.competitor import Servers

SIZES = tuple(int(each) for each in os.environ.get("SIZES", "1000 10000").replace(",", " ").split())
PREFIX = "growth_"
INSERTED_AT_ONCE = 1_000
KIB, MIB = 1 << 10, 1 << 20
LONGEST_CALLBACK = 0.05
"""Seconds of its thread's CPU that one callback of the event loop may take."""
DOCUMENTS_PER_RETURNED = 2
SPARE_DOCUMENTS = 20
"""Documents that an act may read beside those it returns: a token's owner, a lease, the inbox."""


@dataclass(frozen=True)
class Row:
    """One act at one size."""

    name: str
    size: int
    whole: bool
    """Whether it concerns every document; other acts must cost the same at every size."""
    wall: float
    loop_cpu: float
    """CPU seconds of the event loop's thread."""
    all_cpu: float
    """CPU seconds of all threads of this process."""
    callback: float
    """CPU seconds of the longest callback of the event loop."""
    callback_name: str
    rss_before: int
    rss_after: int
    rss_peak: int
    examined: int
    """Documents that mongod read for its queries."""
    sorted_in_memory: int
    """Queries that mongod sorted without an index."""
    returned: int | None
    """Documents the act returned or handled, where the part says so."""


@dataclass
class Act:
    """The act being measured; its code sets ``returned``."""

    name: str
    whole: bool
    returned: int | None = None


@dataclass
class Probe:
    """Measures the acts of one part at one size."""

    size: int
    mongod: MongodAdmin
    rows: list[Row] = field(default_factory=list)

    def __call__(self, name: str, *, whole: bool = False) -> _Measurement:
        """Measure the block of ``async with``; ``whole`` when the act concerns every document."""
        return _Measurement(self, Act(name, whole))


class _Measurement:
    def __init__(self, probe: Probe, act: Act) -> None:
        self._probe = probe
        self._act = act
        self._callbacks = LongestCallback()

    async def __aenter__(self) -> Act:
        self._counts = await _counts(self._probe.mongod)
        gc.collect()
        reset_peak()
        self._before = memory("VmRSS")
        self._callbacks.__enter__()
        await asyncio.sleep(0)  # the measurement's own callback ends here
        self._callbacks.reset()
        self._began = time.perf_counter(), time.thread_time(), time.process_time()
        return self._act

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        clocks = time.perf_counter(), time.thread_time(), time.process_time()
        wall, loop_cpu, all_cpu = (now - began for now, began in zip(clocks, self._began, strict=True))
        await asyncio.sleep(0)  # the act's last callback ends here and is counted
        self._callbacks.__exit__(kind, problem, trace)
        callback, name = self._callbacks.seconds, self._callbacks.name  # before the measurement's own next step counts
        if problem is not None:
            return
        peak = max(self._before, memory("VmHWM"))  # the kernel counts pages in steps
        gc.collect()
        counts = await _counts(self._probe.mongod)
        self._probe.rows.append(
            Row(
                self._act.name,
                self._probe.size,
                self._act.whole,
                wall,
                loop_cpu,
                all_cpu,
                callback,
                name,
                self._before,
                memory("VmRSS"),
                peak,
                counts.examined - self._counts.examined,
                counts.sorted_in_memory - self._counts.sorted_in_memory,
                self._act.returned,
            )
        )


@dataclass(frozen=True)
class _Counts:
    examined: int
    sorted_in_memory: int


async def _counts(mongod: MongodAdmin) -> _Counts:
    metrics = (await mongod.run("serverStatus", 1))["metrics"]
    return _Counts(metrics["queryExecutor"]["scannedObjects"], metrics["operation"]["scanAndOrder"])


def memory(name: str) -> int:
    """Bytes of this process: ``VmRSS`` now, ``VmHWM`` the most since ``reset_peak``."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * KIB for line in lines if line.startswith(f"{name}:"))


def reset_peak() -> None:
    """Let ``VmHWM`` begin again at the present size."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


async def insert_values(database: Database, collection: str, values: Mapping[str, Any]) -> None:
    """Insert values as a store's collection would save them, as of a first version without events."""
    items = iter(values.items())
    while chunk := list(islice(items, INSERTED_AT_ONCE)):
        documents = [
            {"_id": key, "_version": 1, "_sequence": 0, **codec(type(value)).dump(value)} for key, value in chunk
        ]
        writes = [Write(collection, each["_id"], 0, each) for each in documents]
        await database.commit(ChangeSet([], writes, None))


async def run_job(api: ApiHarness[Any], job: Job[Any]) -> int:
    """Poll a job once, as the scheduler of a process does; return the number of items done."""
    context, database = api.api, api.api.database
    if not isinstance(database, Database):
        raise TypeError("a job's lease needs a harness opened with a database")
    committer = context.commands._committer
    scheduler = JobScheduler(
        database,
        context.store,
        Leases(database, "growth"),  # the same holder each time: another would wait for the lease to end
        [job],
        committer,
        clock=context.clock,
        metrics=context.metrics,
        step_runner=StepRunner(committer._transaction),
    )
    return await scheduler.poll(job)


Measure: TypeAlias = Callable[[int, Database, Probe], Awaitable[None]]


def parts() -> dict[str, Measure]:
    """The parts by service: every module beside this one whose name begins with ``growth_``."""
    names = [each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)]) if each.name.startswith(PREFIX)]
    wanted = os.environ.get("PARTS", "").replace(",", " ").split()
    return {
        part: importlib.import_module(f"tests.bench.{name}").measure
        for name in sorted(names)
        if (part := name.removeprefix(PREFIX)) in wanted or not wanted
    }


async def growth_rows(servers: Servers, sizes: Sequence[int] = SIZES) -> dict[str, list[Row]]:
    """Measure every part at each size, each on a new database."""
    with _collected_as_in_a_service():
        return {part: await _measure(part, measure, servers, sizes) for part, measure in parts().items()}


async def _measure(part: str, measure: Measure, servers: Servers, sizes: Sequence[int]) -> list[Row]:
    rows = []
    for size in sizes:
        database = open_database(servers.mongod.admin_url, f"growth_{part}_{size}")
        probe = Probe(size, servers.mongod)
        try:
            await measure(size, database, probe)
        finally:
            await database.drop()
            await database.close()
        for row in probe.rows:
            print(
                f"{part:14} {size:8,} {row.name:40} CPU {row.all_cpu:7.2f} s  callback {row.callback * 1000:6.0f} ms"
                f"  +{max(0, row.rss_peak - row.rss_before) / MIB:5.0f} MiB  {row.examined:8,} documents",
                flush=True,
            )
        rows += probe.rows
    return rows


@contextmanager
def _collected_as_in_a_service() -> Iterator[None]:
    """Collect garbage as the processes of a service do, since a collection is part of a callback."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
