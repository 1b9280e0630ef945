"""``python -m chassis token``: prints a bearer token of the development issuer, for manual API calls."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from messages.values import Role

from chassis.security.dev_issuer import AUDIENCE, ISSUER, DevelopmentIssuer, DevelopmentIssuerError
from chassis.settings import PREFIX, Mode


def token(  # noqa: PLR0913 - the claims of a token
    *,
    keys: Annotated[Path, typer.Option(help="Folder of the development issuer's keys; created at first use")],
    role: Annotated[list[Role], typer.Option(help="Repeat for several roles")],
    subject: Annotated[str | None, typer.Option(help="The actor; by default derived from the other claims")] = None,
    organisation: Annotated[str | None, typer.Option(help="Unified social credit code")] = None,
    prefecture: Annotated[str | None, typer.Option(help="GB/T 2260 code, for example 150100")] = None,
    issuer: Annotated[str, typer.Option(envvar=f"{PREFIX}ISSUER")] = ISSUER,
    audience: Annotated[str, typer.Option(envvar=f"{PREFIX}AUDIENCE")] = AUDIENCE,
    hours: Annotated[float, typer.Option(min=0, help="How long the token is valid")] = 12,
) -> None:
    """Print a bearer token signed by the development issuer."""
    mode = Mode(os.environ.get(f"{PREFIX}MODE", Mode.LOCAL))
    try:
        signer = DevelopmentIssuer(keys, mode, issuer=issuer, audience=audience)
    except DevelopmentIssuerError as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(1) from None
    typer.echo(
        signer.mint(
            role=role,
            subject=subject,
            organisation=organisation,
            prefecture=prefecture,
            lifetime=timedelta(hours=hours),
        )
    )
