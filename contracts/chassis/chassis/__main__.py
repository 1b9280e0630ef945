"""Commands for operators: ``python -m chassis``."""

from __future__ import annotations

import click

from chassis.cli.database_setup import database
from chassis.cli.outbox import outbox
from chassis.cli.parked import parked
from chassis.cli.records import records
from chassis.cli.token import token
from chassis.cli.trace import trace


@click.group(no_args_is_help=True)
def app() -> None:
    """Operating the services: parked messages, outbox, records, database, traces, development tokens."""


for command in (parked, outbox, records, database, trace, token):
    app.add_command(command)

if __name__ == "__main__":
    app(prog_name="python -m chassis")
