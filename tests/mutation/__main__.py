"""``make mutate PACKAGE=review [SEED=1] [SAMPLE=100]``: whether the tests of a package notice when its code is wrong.

Draws mutants of its pure code by the seed and lets the package's own tests, those without servers that run the changed
line, meet each one. Works on a copy. Ends with 1 when fewer than 95 of 100 mutants that are not equivalent are killed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from pathlib import Path
from random import SystemRandom
from subprocess import run
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tests.mutation.packages import CONTRACTS, PACKAGES

ROOT = Path(__file__).parents[2]
LEFT_OUT = (".git", ".venv", ".local", "node_modules", "__pycache__", ".hypothesis", "*_cache", "build", "dist")
TRACES = ROOT / ".local" / "mutation"


def main(
    package: Annotated[str, typer.Argument(help=", ".join(PACKAGES))],
    seed: Annotated[int, typer.Option(help="The same seed draws the same mutants of the same code")] = 0,
    sample: Annotated[int, typer.Option(help="Mutants to draw")] = 100,
    seconds: Annotated[int, typer.Option(help="Begin no mutant later than this; 0: no limit")] = 0,
) -> None:
    """Try the tests of a package on mutants of its code."""
    if package not in PACKAGES:
        raise typer.BadParameter(f"{package} is none of {', '.join(PACKAGES)}")
    began, seed = time.monotonic(), seed or SystemRandom().randrange(1, 1_000_000)
    with TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        paths = [copy, *(copy / "contracts" / each for each in CONTRACTS), *(copy / "services").iterdir()]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONHASHSEED": "0"}
        TRACES.mkdir(parents=True, exist_ok=True)
        trace = TRACES / f"{package}-{_state(package)}.json"
        left = seconds - int(time.monotonic() - began) if seconds else 0
        arguments = [package, str(seed), str(sample), str(left), str(trace)]
        command = [sys.executable, "-m", "tests.mutation.rounds", *arguments]
        raise typer.Exit(run(command, cwd=copy, env=environment, check=False).returncode)


def _state(package: str) -> str:
    """Return a digest of everything that a trace of the package's tests depends on."""
    seen = hashlib.sha256()
    for folder in ("contracts", PACKAGES[package].folder):
        for path in sorted((ROOT / folder).rglob("*.py")):
            seen.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return seen.hexdigest()[:16]


if __name__ == "__main__":
    typer.run(main)
