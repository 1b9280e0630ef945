"""Parts that the commands on a service's database share: its options, the operator's name, and the run itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from chassis.handling import TransientError
from chassis.inbox.parking_lot import NotParkedError
from chassis.persistence.errors import ForbiddenError
from chassis.persistence.mongo import Database, open_database

T = TypeVar("T")
Command = Callable[..., Any]


class Instant(click.ParamType[datetime]):
    """An instant of real time in ISO 8601; one without a zone is of UTC."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401 - click's signature
        if isinstance(value, datetime):
            return value
        try:
            given = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(
                f"{value!r} is no instant: 2026-11-28, 2026-11-28T22:00 (UTC), 2026-11-28T22:00+08:00", param, ctx
            )
        return given if given.tzinfo else given.replace(tzinfo=UTC)


operator = click.option(
    "--by", envvar="USER", show_envvar=True, required=True, help="The operator; recorded in the history."
)


def of_service(command: Command) -> Command:
    """Add the options that name the service's database."""
    database = click.option("--database", envvar="GREEN_DATABASE", show_envvar=True, required=True)
    url = click.option(
        "--mongo-url", envvar="GREEN_MONGO_URL", show_envvar=True, required=True, help="With user and password."
    )
    return url(database(command))


def run(url: str, name: str, action: Callable[[Database], Awaitable[T]]) -> T:
    """Run an action on the database; what it refuses becomes one sentence."""

    async def run_with_database() -> T:
        database = open_database(url, name, "pymongo")
        try:
            return await action(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run_with_database())
    except NotParkedError as problem:
        raise click.ClickException(str(problem)) from problem
    except ForbiddenError as problem:
        raise click.ClickException(f"the user of {name} may not do this: is it the service that is meant?") from problem
    except TransientError as problem:
        raise click.ClickException(
            f"the database {name} does not answer: is it up, and its address right?"
        ) from problem
