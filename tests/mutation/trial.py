"""Runs tests in a child of this process: the modules of others stay loaded, those of the package are loaded anew."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from coverage import Coverage

Result = Literal["killed", "survived", "timeout", "nothing"]
SERVED = frozenset({"servers", "motor", "pymongo"})
"""A fixture or a parameter that needs a server: tests with one are left out."""
LOADED_BEFORE = "ignore::pytest.PytestAssertRewriteWarning"
OPTIONS = ("-q", "-x", "--no-header", "--timeout=40", "-p", "no:xdist", "-W", LOADED_BEFORE)
FIRST_FILES = 2
"""Most mutants fall at once: importing every test file for each would take most of the time."""
NOTHING_RUN = 5
"""The answer of pytest where it ran no test."""


@dataclass
class Selection:
    """A plugin of pytest: leaves out what needs a server, and what is not chosen."""

    chosen: Collection[str] | None = None
    """None: all that need no server."""
    coverage: Coverage | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [each for each in items if self._is_chosen(each)]

    def _is_chosen(self, item: pytest.Item) -> bool:
        if any(item.get_closest_marker(name) for name in ("connected", "faults")):
            return False
        parameters = getattr(item, "callspec", None)
        needs = {*getattr(item, "fixturenames", ()), *(map(str, parameters.params.values()) if parameters else ())}
        return not needs & SERVED and (self.chosen is None or item.nodeid in self.chosen)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        if self.coverage is not None:
            self.coverage.switch_context(item.nodeid)
        began = time.perf_counter()
        answer = yield
        self.seconds[item.nodeid] = time.perf_counter() - began
        return answer


@dataclass(frozen=True)
class Trace:
    """The lines that the unmutated tests run: by file and line the tests, and how long each takes."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]
    modules: list[str]

    def tests_of(self, path: Path, first: int, last: int) -> list[str]:
        """Return the tests that run a line of these; for lines run by the import alone, those that run the file."""
        of_file = self.lines.get(str(path), {})
        found = {test for line in range(first, last + 1) for test in of_file.get(line, ())}
        found = found or {test for tests in of_file.values() for test in tests}
        return sorted(found, key=lambda test: self.seconds.get(test, 0))


def trace(folder: str, module: str, into: Path) -> int:
    """Run the fast tests of a package once, unmutated, and write their trace; return the answer of pytest."""

    def run() -> int:
        coverage = Coverage(data_file=None, source=[f"{folder}/{module}"])
        coverage.start()
        plugin = Selection(coverage=coverage)
        answer = int(pytest.main([*OPTIONS, f"{folder}/tests"], plugins=[plugin]))
        coverage.stop()
        data = coverage.get_data()
        lines = {
            os.path.relpath(file): {
                line: [test for test in tests if test] for line, tests in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        loaded = [name for name, each in sys.modules.items() if getattr(each, "__spec__", None)]
        into.write_text(json.dumps({"lines": lines, "seconds": plugin.seconds, "modules": loaded}))
        return answer

    return in_child(run, seconds=550, output=into.with_suffix(".log"))


def read_trace(file: Path) -> Trace:
    found = json.loads(file.read_text())
    lines = {path: {int(line): tests for line, tests in of.items()} for path, of in found["lines"].items()}
    return Trace(lines, found["seconds"], found["modules"])


def judge(tests: Collection[str], seconds: float) -> Result:
    """Run these tests on what is in the sources now, first those of the files that have most of them."""
    files = [file for file, _ in Counter(map(_file_of, tests)).most_common()]
    found: Result = "nothing"
    for some in (files[:FIRST_FILES], files[FIRST_FILES:]):
        if some and found in {"nothing", "survived"}:
            found = _judge_by([test for test in tests if _file_of(test) in some], some, seconds)
    return found


def _file_of(test: str) -> str:
    return test.partition("::")[0]


def _judge_by(tests: Collection[str], files: Sequence[str], seconds: float) -> Result:
    def run() -> int:
        return int(pytest.main([*OPTIONS, *files], plugins=[Selection(frozenset(tests))]))

    answer = in_child(run, seconds)
    if answer == _TIMED_OUT:
        return "timeout"
    return {0: "survived", NOTHING_RUN: "nothing"}.get(answer, "killed")  # type: ignore[return-value]


_TIMED_OUT = -1


def in_child(run: Callable[[], int], seconds: float, output: Path | None = None) -> int:
    """Run in a child and return its answer, or that it was ended after so many seconds."""
    child = os.fork()
    if not child:
        os.setsid()
        sink = os.open(output or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        answer = 3
        try:
            answer = run()
        finally:
            os._exit(answer)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status) if not os.WIFSIGNALED(status) else 3
        time.sleep(0.01)
    os.killpg(child, 9)
    os.waitpid(child, 0)
    return _TIMED_OUT


@contextmanager
def replaced(file: Path, source: str, stamps: Iterator[int]) -> Iterator[None]:
    """Put a source in the place of another for a while; each has its own time, by which its bytecode is known."""
    before = file.read_text(encoding="utf-8")
    _write(file, source, next(stamps))
    try:
        yield
    finally:
        _write(file, before, next(stamps))


def _write(file: Path, source: str, stamp: int) -> None:
    file.write_text(source, encoding="utf-8")
    os.utime(file, (stamp, stamp))
