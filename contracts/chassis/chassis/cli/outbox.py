"""Commands on the events that a service has published."""

from __future__ import annotations

from datetime import datetime

import click

from chassis.cli.database import Instant, of_service, operator, run
from chassis.outbox.republish import republish_since


@click.group(no_args_is_help=True)
def outbox() -> None:
    """Events that this service has published."""


@outbox.command("republish")
@click.option(
    "--since",
    type=Instant(),
    required=True,
    help="Published at or after this instant of real time; UTC without a zone.",
)
@operator
@of_service
def republish_outbox(mongo_url: str, database: str, by: str, since: datetime) -> None:
    """Republish outbox entries since an instant, to refill a broker; consumers drop the events they have handled."""
    count = run(mongo_url, database, lambda opened: republish_since(opened, since, by))
    click.echo(f"{count} outbox documents will be republished")
