"""``python -m chassis database``: prepares the database of a service, as the user who may create and index."""

from __future__ import annotations

import asyncio

import click

from chassis.persistence.mongo import open_database
from chassis.runtime.layout import DatabaseLayout


@click.group(no_args_is_help=True)
def database() -> None:
    """The database of a service."""


@database.command("setup")
@click.argument("package")
@click.option("--database", "name", envvar="GREEN_DATABASE", show_envvar=True, required=True)
@click.option(
    "--mongo-url",
    envvar="GREEN_MONGO_URL",
    show_envvar=True,
    required=True,
    help="With a user who may create collections and indexes, and its password.",
)
def setup_database(package: str, name: str, mongo_url: str) -> None:
    """Create the missing collections and indexes of PACKAGE; what is there stays."""
    layout = DatabaseLayout.of_package(package)
    asyncio.run(_prepare(mongo_url, name, layout))
    click.echo(f"{name}: {len(layout.collections)} collections and {len(layout.indexes)} indexes are there")


async def _prepare(url: str, name: str, layout: DatabaseLayout) -> None:
    opened = open_database(url, name, "pymongo")
    try:
        await opened.prepare(layout.collections, layout.indexes)
    finally:
        await opened.close()
