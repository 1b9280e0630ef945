"""Each workbook is read in a process of its own; whatever happens to that process is one refusal."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import psutil
import pytest
from chassis.runtime.entrypoint import LOOPS
from chassis.spreadsheets import (
    Heading,
    InvalidWorkbookError,
    SheetData,
    WorkbookLimits,
    WorkbookReader,
    WorkbooksBusyError,
    as_xlsx,
)
from chassis.spreadsheets.xlsx.document import MAX_CELLS
from messages.values import Reason

from .hostile_workbooks import MAIN, PARTS, SHEET, Sent, packed

MIB = 1024 * 1024
GOOD = as_xlsx(SheetData("表", [Heading("甲"), Heading("乙")], [("一", 2), ("三", 4)]))
READ = "import sys; content = sys.stdin.buffer.read(); "
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2); "
WAIT = "import time; time.sleep(60)"


def reader_of(program: str, limits: WorkbookLimits | None = None) -> WorkbookReader:
    """A reader whose child does what a hostile file might make it do."""
    reader = WorkbookReader(limits)
    reader.program = program
    return reader


def children() -> set[int]:
    """Return the processes that this one has started and not yet seen end."""
    return {each.pid for each in psutil.Process().children()}


async def until_child() -> int:
    for _ in range(500):
        if found := children() - BEFORE:
            return found.pop()
        await asyncio.sleep(0.01)
    raise AssertionError("no child was started")


BEFORE: set[int] = set()


@pytest.fixture(autouse=True)
def _only_children_of_the_test() -> None:
    BEFORE.clear()
    BEFORE.update(children())


async def test_workbook_is_read() -> None:
    book = await WorkbookReader().read(Sent(GOOD))

    assert book.sheets == {"表": [["甲", "乙"], ["一", 2], ["三", 4]]}
    assert children() <= BEFORE


@pytest.mark.parametrize("loop", LOOPS)
def test_workbook_is_read_on_each_event_loop(loop: str) -> None:
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        assert runner.run(WorkbookReader().read(Sent(GOOD))).titles == ("表",)
        with pytest.raises(InvalidWorkbookError):
            runner.run(reader_of(READ + "import os; os.abort()").read(Sent(GOOD)))


async def test_machine_without_a_process_to_give_is_no_fault_of_the_file() -> None:
    reader = WorkbookReader()

    async def start() -> asyncio.subprocess.Process:
        raise BlockingIOError("fork")

    reader._start = start  # type: ignore[method-assign]
    with pytest.raises(WorkbooksBusyError):
        await reader.read(Sent(GOOD))


async def test_largest_workbook_that_is_accepted_is_read_within_the_limits_and_off_the_loop() -> None:
    rows = [tuple(f"第{row}行第{column}列" for column in range(10)) for row in range(MAX_CELLS // 10 - 1)]
    content = as_xlsx(SheetData("表", [Heading(str(column)) for column in range(10)], rows))
    loop, child = time.thread_time(), os.times().children_user

    book = await WorkbookReader().read(Sent(content))

    loop, child = time.thread_time() - loop, os.times().children_user - child
    assert book.sheets["表"][-1][-1] == rows[-1][-1]
    assert loop < child / 3, "the loop carries the answer and reads nothing"


async def test_cells_with_wide_blanks_before_them_take_no_more_memory_than_they_may() -> None:
    far = "".join(f'<row><c r="IV{row}"><v>1</v></c></row>' for row in range(1, 4001))
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{far}</sheetData></worksheet>'
    content = packed({name: text.encode() for name, text in PARTS.items()} | {SHEET: sheet.encode()})

    with pytest.raises(InvalidWorkbookError) as refused:
        await WorkbookReader().read(Sent(content))

    assert refused.value.code == "workbook-too-large"


@pytest.mark.parametrize(
    "program",
    [
        READ + "import os; os.abort()",
        READ + LIMITED + "held = [bytes(1 << 20) for _ in range(1000)]",
        READ + "raise ValueError(content)",
        READ + "print('{')",
        READ + "print('[]')",
        READ + 'print(\'{"sheets": [{"title": "a", "cells": [[1000000000, 1000000000, "x"]]}]}\')',
        READ + 'print(\'{"sheets": [{"title": "a", "cells": [[0, 0, {}]]}]}\')',
        READ + "print('[' * 100000)",
        READ + "sys.stdout.write('0' * (20 << 20))",
        "import sys; sys.exit(0)",
        READ + WAIT,
        WAIT,
        READ + "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass",
        READ + "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    ],
    ids=[
        "abort",
        "memory",
        "exception",
        "half an answer",
        "no answer",
        "far cell",
        "no value",
        "deep",
        "flood",
        "nothing",
        "time",
        "reads nothing",
        "processor",
        "stopped",
    ],
)
async def test_whatever_happens_to_the_child_is_one_refusal(program: str) -> None:
    reader = reader_of(program, WorkbookLimits(wall_seconds=2))

    with pytest.raises(InvalidWorkbookError) as refused:
        await reader.read(Sent(GOOD * 100))

    assert (refused.value.code, "另存为" in refused.value.text) == ("broken-workbook", True)
    assert children() <= BEFORE


async def test_child_has_neither_environment_nor_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREEN_MONGO_URL", "mongodb://user:password@host")
    opened = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(opened, True)
    seen = (
        READ + "import os, json; "
        "names = sorted(set(os.environ) - {'LC_CTYPE'}) + sorted(os.listdir('/proc/self/fd')); "
        "cells = [[at, 0, name] for at, name in enumerate(names)]; "
        "print(json.dumps({'sheets': [{'title': 'a', 'cells': cells}]}))"
    )

    book = await reader_of(seen).read(Sent(GOOD))

    os.close(opened)
    assert [row[0] for row in book.sheets["a"]] == ["0", "1", "2", "3"], "the pipes and the folder that it lists"


async def test_third_workbook_at_once_is_told_to_come_again() -> None:
    busy = Reason(rule="A3", article="第九条", code="workbooks-busy", text="请几秒后重新上传")
    reader = WorkbookReader(WorkbookLimits(wall_seconds=3), busy=busy)
    reader.program = READ + WAIT
    reading = [asyncio.create_task(reader.read(Sent(GOOD))) for _ in range(2)]
    await asyncio.sleep(0)

    third = Sent(GOOD)
    with pytest.raises(WorkbooksBusyError) as refused:
        await reader.read(third)

    assert third.reads == 0, "dozens are received at once, and memory has room for few"
    assert (refused.value.status, refused.value.reasons, refused.value.headers) == (503, (busy,), {"Retry-After": "2"})
    assert {type(each) for each in await asyncio.gather(*reading, return_exceptions=True)} == {InvalidWorkbookError}
    reader.program = WorkbookReader().program
    assert await reader.read(Sent(GOOD))


async def test_cancelled_request_leaves_no_child() -> None:
    reading = asyncio.create_task(reader_of(READ + WAIT).read(Sent(GOOD)))
    child = await until_child()

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert child not in children()


async def test_child_of_a_killed_service_ends_by_itself() -> None:
    """Its alarm ends it, whoever has started it."""
    child = await WorkbookReader(WorkbookLimits(wall_seconds=1))._start()

    await asyncio.wait_for(child.wait(), 20)

    assert child.returncode == -signal.SIGALRM
