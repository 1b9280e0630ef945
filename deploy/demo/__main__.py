"""``python -m deploy.demo``: plays the season on the running stack; exits with 1 when a result is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from deploy.demo.play import run
from deploy.demo.stack import Stack

LOCAL = Path(".local/stack.json")


def main(
    stack: Annotated[Path, typer.Argument(help="The launcher's description of the running stack")] = LOCAL,
    samples: Annotated[
        Path | None, typer.Option(help="Folder of the sample files; beside the stack's file if left out")
    ] = None,
) -> None:
    """Play January to December on the simulated clock, through the services' APIs."""
    if not stack.exists():
        typer.echo(f"{stack} is missing: start the stack first (make run)", err=True)
        raise typer.Exit(2)
    wrong = asyncio.run(run(Stack.read(stack), samples or stack.parent / "samples"))
    raise typer.Exit(1 if wrong else 0)


if __name__ == "__main__":
    typer.run(main)
