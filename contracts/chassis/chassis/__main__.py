"""Commands for operators: ``python -m chassis``."""

from __future__ import annotations

import typer

from chassis.cli.operations import outbox, parked
from chassis.cli.token import token

app = typer.Typer(no_args_is_help=True, help="Operating the services: parked messages, outbox, development tokens.")
app.add_typer(parked, name="parked")
app.add_typer(outbox, name="outbox")
app.command("token")(token)

if __name__ == "__main__":
    app()
