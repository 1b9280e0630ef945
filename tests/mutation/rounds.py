"""The rounds of ``make mutate``, within the copy: trace the tests, draw mutants, let the tests meet each."""

from __future__ import annotations

import sys
import time
import tomllib
from collections import Counter
from importlib import import_module
from itertools import count
from pathlib import Path

from tests.mutation.mutants import Mutant, compiles, draw, mutants_of
from tests.mutation.packages import CONTRACTS, PACKAGES, Package
from tests.mutation.trial import Trace, judge, read_trace, replaced, trace

LEAST = 95
"""Of a hundred mutants that are not equivalent so many must be killed."""
SLOWEST = 100.0
"""Seconds for the tests of one mutant."""
UNSOUND = 2


def equivalents(file: Path) -> dict[tuple[str, str, str], str]:
    """Return the reasons why a mutant changes nothing that a rule says: by file, and the lines gone and come."""
    listed = tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", [])
    return {(each["file"], each["gone"], each["come"]): each["reason"] for each in listed}


def warm_up(package: Package, names: list[str]) -> None:
    """Import what the tests need and the mutants do not change, so that no child does it again."""
    own = {*CONTRACTS, *(each.module for each in PACKAGES.values()), "tests", "conftest", "services", "contracts"}
    fixed = own - set(package.warm)
    for name in names:
        top = name.partition(".")[0]
        if top not in fixed and top not in {"__main__", "pytest_asyncio", "_pytest", "coverage"}:
            try:
                import_module(name)
            except Exception:  # noqa: BLE001, S112 - a module that cannot be imported alone is left to the child
                continue


def main(name: str, seed: int, sample: int, seconds: int, traced: Path) -> int:
    root, package, began = Path.cwd(), PACKAGES[name], time.monotonic()
    if not traced.exists():
        print(f"{name}: tracing its tests without servers", flush=True)
        part = traced.with_suffix(".part")
        if answer := trace(package.folder, package.module, part):
            print(part.with_suffix(".log").read_text()[-6000:])
            print(f"{name}: its tests do not pass on the code as it is ({answer})")
            return UNSOUND
        part.rename(traced)
    known = read_trace(traced)
    warm_up(package, known.modules)
    sources = {path: (root / path).read_text(encoding="utf-8") for path in package.sources(root)}
    found = [each for path, source in sources.items() for each in mutants_of(path, source)]
    drawn = draw(found, sample + sample // 4, seed)
    drawn = [each for each in drawn if compiles(each)][:sample]
    print(
        f"{name}: seed {seed}, {len(drawn)} of {len(found)} mutants in {len(sources)} files,"
        f" {len(known.seconds)} tests, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return _try_all(root, package, drawn, known, began + seconds if seconds else float("inf"))


def _try_all(root: Path, package: Package, drawn: list[Mutant], known: Trace, until: float) -> int:
    reasons = equivalents(root / "tests" / "mutation" / "equivalent.toml")
    stamps = count(1_000_000_000)
    counts: Counter[str] = Counter()
    for number, mutant in enumerate(drawn, start=1):
        if time.monotonic() > until:
            print(f"{package.name}: no time for the other {len(drawn) - number + 1}")
            break
        if (str(mutant.path), *mutant.lines) in reasons:
            counts["equivalent"] += 1
            continue
        tests = known.tests_of(mutant.path, mutant.line, mutant.last)
        taken = sum(known.seconds.get(each, 0) for each in tests)
        with replaced(root / mutant.path, mutant.source, stamps):
            result = judge(tests, min(SLOWEST, 15 + 5 * taken)) if tests else "nothing"
        counts[result] += 1
        if result in {"survived", "nothing"}:
            print(f"\n{result}, {len(tests)} tests\n{mutant.diff}", flush=True)
    return _report(package, counts)


def _report(package: Package, counts: Counter[str]) -> int:
    tried = counts.total() - counts["equivalent"]
    killed = counts["killed"] + counts["timeout"]
    share = 100 * killed / tried if tried else 0
    print(
        f"\n{package.name}: {counts.total()} mutants: {counts['killed']} killed,"
        f" {counts['timeout']} ended by the clock,"
        f" {counts['survived']} survived, {counts['nothing']} that no test runs,"
        f" {counts['equivalent']} equivalent by equivalent.toml: {share:.1f} % killed, at least {LEAST} are due"
    )
    return 0 if share >= LEAST else 1


if __name__ == "__main__":
    package_name, seed_text, sample_text, seconds_text, trace_text = sys.argv[1:]
    sys.exit(main(package_name, int(seed_text), int(sample_text), int(seconds_text), Path(trace_text)))
