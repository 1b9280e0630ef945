"""Existing servers that the stack uses, and the objects it owns in them."""

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
"""Environment variable with the administrator's address, for each kind of server."""
OWN = None
"""In place of an address: the stack starts its own server."""

Addresses = Mapping[str, str | None]


def addresses(places: StackPaths) -> Addresses:
    """Return the addresses of the servers that hold this folder's data; a first start takes those named.

    A password may change, a server may not: half of the data would be missing there.
    """
    named = {kind: os.environ.get(variable) or OWN for kind, variable in VARIABLES.items()}
    if not places.servers.exists():
        return named
    known = recorded(places)
    for kind, url in named.items():
        if url is not OWN and _host_and_port(url) != _host_and_port(known[kind]):
            theirs = _host_and_port(known[kind]) or f"a {kind} of its own"
            raise UnfitServerError(
                f"the data in {places.folder} belong to {theirs}, not to {_host_and_port(url)}:"
                f" unset {VARIABLES[kind]}, or begin anew with make reset"
            )
    return {kind: named[kind] or url for kind, url in known.items()}


def recorded(places: StackPaths) -> Addresses:
    """Return the addresses of the first start; empty before it."""
    return dict(json.loads(places.servers.read_text())) if places.servers.exists() else {}


def record(places: StackPaths, urls: Addresses) -> None:
    """Record the addresses for the next start and for `reset`."""
    write_private(places.servers, json.dumps(urls))


async def require_unused(urls: Addresses, broker: BrokerAdmin, mongod: MongodAdmin) -> None:
    """Raise UnfitServerError before the first start if a server already has objects with the stack's names."""
    if urls["broker"] is not OWN:
        found = {VHOST} & await broker.list_names("vhosts") | _users() & await broker.list_names("users")
        _refuse(f"broker at {broker.management_url}", found)
    if urls["mongod"] is not OWN:
        _refuse(f"database at {mongod.address}", _databases() & await mongod.databases())


async def release(places: StackPaths) -> None:
    """Remove the stack's objects from servers that are not its own, and nothing else."""
    urls = recorded(places)
    if url := urls.get("broker"):
        broker = await BrokerAdmin.of_url(url)
        if VHOST in await broker.list_names("vhosts"):
            await broker.remove_vhost(VHOST)
        await asyncio.gather(*(broker.remove_user(user) for user in _users() & await broker.list_names("users")))
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
            f"the {where} has {', '.join(sorted(taken))} already, which this stack did not create: remove it there,"
            " or leave the address out for a server of the stack's own"
        )


def _host_and_port(url: str | None) -> str:
    """Return host and port, without the account."""
    return urlsplit(url or "").netloc.rpartition("@")[2]
