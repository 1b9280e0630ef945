"""The five services as processes: environment, start and readiness."""

import os
import sys
from collections.abc import Mapping

import httpx2
from devkit.servers.processes import ManagedProcess, require_free

from deploy.generate.broker_definitions import VHOST
from deploy.local.paths import StackPaths
from deploy.local.servers import Servers, find
from deploy.services import SERVICES, Service

READY_SECONDS = 120


def start_service(service: Service, places: StackPaths, servers: Servers) -> ManagedProcess:
    for port in (places.port(service.name), places.monitoring_port(service.name)):
        require_free(port, service.name)
    return ManagedProcess(
        [sys.executable, "-m", f"{service.package}.main"],
        log=places.log(service.name),
        environment={**os.environ, **environment(service, places, servers)},
    )


def environment(service: Service, places: StackPaths, servers: Servers) -> Mapping[str, str]:
    """Return the settings of one service: its own user and database, and the shared ones."""
    password = places.passwords()[service.name]
    return {
        "GREEN_MODE": "local",
        "GREEN_PORT": str(places.port(service.name)),
        "GREEN_MONITORING_PORT": str(places.monitoring_port(service.name)),
        "GREEN_AMQP_URL": servers.broker.url(service.name, password, VHOST),
        "GREEN_MONGO_URL": servers.mongod.url(service.name, password, service.database),
        "GREEN_DATABASE": service.database,
        "GREEN_JWKS_FILE": str(places.keys / "jwks.json"),
        "GREEN_CLOCK_FILE": str(places.clock),
        "GREEN_PERSON_KEY_FILE": str(places.person_keys),
        "GREEN_SMTP_PORT": str(places.port("smtp")),
        "GREEN_SMTP_TLS": "opportunistic",
    }


async def database_access(places: StackPaths) -> dict[str, tuple[str, str]]:
    """Return the address and name of each service's database, with the service's own user, who sees no other."""
    servers = await find(places)
    settings = {each.name: environment(each, places, servers) for each in SERVICES}
    return {name: (each["GREEN_MONGO_URL"], each["GREEN_DATABASE"]) for name, each in settings.items()}


async def until_ready(service: Service, child: ManagedProcess, places: StackPaths) -> None:
    address = places.monitoring_address(service.name)
    await child.wait_until(lambda: is_ready(address), within=READY_SECONDS)


async def is_ready(address: str) -> bool:
    try:
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            return (await client.get(f"{address}/readyz")).is_success
    except httpx2.TransportError:
        return False
