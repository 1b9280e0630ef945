"""``python -m deploy.demo.samples FOLDER``: write the files of the season."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import print as say

from deploy.demo import cast
from deploy.demo.samples import make


def main(folder: Annotated[Path, typer.Argument(help="Where the files go")]) -> None:
    """Write work plans, evaluation reports, evidence and the roster of the cast; the same bytes each time."""
    make(folder, cast.load())
    count = sum(1 for file in folder.rglob("*.*") if file.is_file())
    say(f"{count} files for {len(cast.load().applicants)} applicants in [bold]{folder}[/bold]")


if __name__ == "__main__":
    typer.run(main)
