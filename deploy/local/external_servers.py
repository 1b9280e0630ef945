"""Servers that ran before the stack did: which of them it uses, and what in them is its own."""

import asyncio
import json
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from devkit.servers import BrokerAdmin, MongodAdmin, UnfitServerError
from devkit.servers.processes import write_private

from deploy.generate.broker_definitions import VHOST
from deploy.local.paths import StackPaths
from deploy.services import SERVICES

VARIABLES = {"broker": "GREEN_LOCAL_BROKER", "mongod": "GREEN_LOCAL_MONGO"}
"""Where the administrator's address is named, for each kind of server."""
OWN = None
"""In place of an address: a server that the stack starts itself."""

Addresses = Mapping[str, str | None]


def addresses(places: StackPaths) -> Addresses:
    """Give the administrators' addresses that the data of this folder belong to; a first start takes those named.

    A password may change; another server may not: half of the data would be missing there.
    """
    named = {kind: os.environ.get(variable) or OWN for kind, variable in VARIABLES.items()}
    if not places.servers.exists():
        return named
    kept = noted(places)
    for kind, url in named.items():
        if url is not OWN and _place(url) != _place(kept[kind]):
            theirs = _place(kept[kind]) or f"a {kind} of its own"
            raise UnfitServerError(
                f"the data in {places.folder} belong to {theirs}, not to {_place(url)}: unset {VARIABLES[kind]},"
                " or begin anew with make reset"
            )
    return {kind: named[kind] or url for kind, url in kept.items()}


def noted(places: StackPaths) -> Addresses:
    """Give what the first start noted; nothing where there was none."""
    return dict(json.loads(places.servers.read_text())) if places.servers.exists() else {}


def record(places: StackPaths, urls: Addresses) -> None:
    """Keep them for the next start and for `reset`: what is made there from now on is the stack's."""
    write_private(places.servers, json.dumps(urls))


async def require_unused(urls: Addresses, broker: BrokerAdmin, mongod: MongodAdmin) -> None:
    """Before the first start: nothing there has the name of something of ours, for it would be somebody else's."""
    if urls["broker"] is not OWN:
        found = {VHOST} & await broker.names("vhosts") | _users() & await broker.names("users")
        _refuse(f"broker at {broker.management_url}", found)
    if urls["mongod"] is not OWN:
        _refuse(f"database at {mongod.address}", _databases() & await mongod.databases())


async def release(places: StackPaths) -> None:
    """Remove what the stack made in servers that are not its own; nothing else of them is touched."""
    urls = noted(places)
    if url := urls.get("broker"):
        broker = await BrokerAdmin.of_url(url)
        if VHOST in await broker.names("vhosts"):
            await broker.remove_vhost(VHOST)
        await asyncio.gather(*(broker.remove_user(user) for user in _users() & await broker.names("users")))
    if url := urls.get("mongod"):
        mongod = await MongodAdmin.of_url(url)
        await asyncio.gather(*(mongod.remove_database(database) for database in _databases()))


def _users() -> set[str]:
    return {service.name for service in SERVICES}


def _databases() -> set[str]:
    return {service.database for service in SERVICES}


def _refuse(where: str, taken: set[str]) -> None:
    if taken:
        raise UnfitServerError(
            f"the {where} has {', '.join(sorted(taken))} already, and this stack has not made that: remove it there,"
            " or leave the address out for a server of the stack's own"
        )


def _place(url: str | None) -> str:
    """Give host and port, without the account."""
    return urlsplit(url or "").netloc.rpartition("@")[2]
