"""``python -m chassis token``: prints a bearer token of the development issuer, for manual API calls."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import click
from messages.values import Role

from chassis.security.dev_issuer import AUDIENCE, ISSUER, DevelopmentIssuer, DevelopmentIssuerError
from chassis.settings import PREFIX, Mode


@click.command()
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the development issuer's keys; created at first use",
)
@click.option("--role", type=click.Choice([*map(str, Role)]), multiple=True, required=True, help="Repeat for several")
@click.option("--subject", help="The actor; by default derived from the other claims")
@click.option("--organisation", help="Unified social credit code")
@click.option("--prefecture", help="GB/T 2260 code, for example 150100")
@click.option("--person-verified", is_flag=True, help="The identity provider has verified who the person is")
@click.option("--issuer", envvar=f"{PREFIX}ISSUER", default=ISSUER, show_default=True)
@click.option("--audience", envvar=f"{PREFIX}AUDIENCE", default=AUDIENCE, show_default=True)
@click.option("--hours", type=click.FloatRange(min=0), default=12, show_default=True, help="How long it is valid")
def token(  # noqa: PLR0913 - the claims of a token
    *,
    keys: Path,
    role: tuple[str, ...],
    subject: str | None,
    organisation: str | None,
    prefecture: str | None,
    person_verified: bool,
    issuer: str,
    audience: str,
    hours: float,
) -> None:
    """Print a bearer token signed by the development issuer."""
    mode = Mode(os.environ.get(f"{PREFIX}MODE", Mode.PRODUCTION))
    try:
        signer = DevelopmentIssuer(keys, mode, issuer=issuer, audience=audience)
    except DevelopmentIssuerError as reason:
        raise click.ClickException(str(reason)) from None
    click.echo(
        signer.mint(
            role=[Role(each) for each in role],
            subject=subject,
            organisation=organisation,
            prefecture=prefecture,
            person_verified=person_verified,
            lifetime=timedelta(hours=hours),
        )
    )
