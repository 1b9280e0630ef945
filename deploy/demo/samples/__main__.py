"""``python -m deploy.demo.samples FOLDER``: writes the files of the season."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import print as print_

from deploy.demo import personas
from deploy.demo.samples import make


def main(folder: Annotated[Path, typer.Argument(help="Folder of the files")]) -> None:
    """Write work plans, evaluation reports, evidence and the roster; the same bytes each time."""
    make(folder, personas.load())
    count = sum(1 for file in folder.rglob("*.*") if file.is_file())
    print_(f"{count} files for {len(personas.load().applicants)} applicants in [bold]{folder}[/bold]")


if __name__ == "__main__":
    typer.run(main)
