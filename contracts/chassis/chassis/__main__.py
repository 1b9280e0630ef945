"""Commands for operators: ``python -m chassis``."""

from __future__ import annotations

import click

from chassis.cli.operations import outbox, parked
from chassis.cli.token import token


@click.group(no_args_is_help=True)
def app() -> None:
    """Operating the services: parked messages, outbox, development tokens."""


for command in (parked, outbox, token):
    app.add_command(command)

if __name__ == "__main__":
    app(prog_name="python -m chassis")
