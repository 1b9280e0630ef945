"""The servers of the local stack: broker, database, mail and Prometheus, each prepared for the services."""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session
from chassis.clock import SystemClock
from chassis.persistence.mongo import open_database
from chassis.runtime.layout import DatabaseLayout
from devkit.servers import Broker, BrokerAdmin, Mongod, MongodAdmin
from devkit.servers.processes import HOST, ManagedProcess, MissingServerError, is_accepting, require_free

from deploy.generate.broker_definitions import VHOST, committed, with_passwords
from deploy.local import external_servers
from deploy.local.paths import StackPaths
from deploy.services import SERVICES, Service

DEPLOY = Path(__file__).resolve().parents[1]
RULES = DEPLOY / "prometheus" / "rules"
CONSOLES = DEPLOY / "generate" / "dashboards" / "consoles"
PROMETHEUS_SECONDS = 30


class Servers(NamedTuple):
    """Administrators of the broker and the database of this stack."""

    broker: BrokerAdmin
    mongod: MongodAdmin


def own(places: StackPaths) -> Servers:
    """Return the servers that the stack starts itself, in its folder and on its ports."""
    broker = Broker.at(
        places.folder / "broker",
        places.port("amqp"),
        management_port=places.port("management"),
        prometheus_port=places.port("broker-metrics"),
        dist_port=places.port("erlang"),
    )
    return Servers(broker, Mongod.at(places.folder / "mongod", places.port("mongo")))


async def find(places: StackPaths) -> Servers:
    """Return the stack's own servers, which need not run yet, or the named ones; the first start records which."""
    urls = external_servers.addresses(places)
    if urls["broker"] is external_servers.OWN:
        places.require_plain_path()
    servers = own(places)
    if url := urls["broker"]:
        servers = servers._replace(broker=await BrokerAdmin.of_url(url))
    if url := urls["mongod"]:
        servers = servers._replace(mongod=await MongodAdmin.of_url(url))
    if not places.servers.exists():
        await external_servers.require_unused(urls, *servers)
    external_servers.record(places, urls)
    return servers


async def prepare_broker(broker: BrokerAdmin, places: StackPaths) -> None:
    """Start the stack's own broker; then import the definitions with a user for each service. Nothing is removed."""
    if isinstance(broker, Broker):
        await broker.restart()
    await broker.import_definitions(with_passwords(committed(), places.passwords()))
    await broker.permit(broker.admin_user, VHOST, configure=".*", write=".*", read=".*")


async def prepare_mongod(mongod: MongodAdmin, places: StackPaths) -> None:
    """Start the stack's own database; then prepare each service's as the administrator, and create its user.

    That user reads and writes the documents of its own database; it can neither drop, create nor index.
    """
    layouts = asyncio.create_task(asyncio.to_thread(_layouts))
    if isinstance(mongod, Mongod):
        await mongod.restart()
    passwords, found = places.passwords(), await layouts
    await asyncio.gather(*(_prepare(mongod, each, found[each.name], passwords[each.name]) for each in SERVICES))


def _layouts() -> Mapping[str, DatabaseLayout]:
    return {service.name: DatabaseLayout.of_package(service.package) for service in SERVICES}


async def _prepare(mongod: MongodAdmin, service: Service, layout: DatabaseLayout, password: str) -> None:
    database = open_database(mongod.admin_url, service.database, "pymongo")
    try:
        await database.prepare(layout.collections, layout.indexes)
    finally:
        await database.close()
    role = layout.role(f"{service.name}-runtime", service.database)
    await mongod.add_user(service.database, service.name, password, role)


class MailDrop:
    """Accepts every mail and writes it to a file; sends nothing on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self._count += 1
        name = f"{SystemClock().now():%Y%m%dT%H%M%S}-{os.getpid()}-{self._count:06}.eml"
        await asyncio.to_thread((self._folder / name).write_bytes, envelope.original_content or b"")
        return "250 OK"


async def start_mail(places: StackPaths) -> asyncio.Server:
    port, drop = places.port("smtp"), MailDrop(places.mail)
    require_free(port, "mail")
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: SMTP(drop, hostname="localhost", loop=loop), HOST, port)


async def start_prometheus(places: StackPaths, broker: BrokerAdmin) -> ManagedProcess:
    """Start Prometheus for the services and the broker; raises MissingServerError where it is not installed."""
    program = shutil.which("prometheus")
    if program is None:
        raise MissingServerError("not installed: no dashboards, no alerts; as root: apt-get install prometheus")
    port = places.port("prometheus")
    require_free(port, "prometheus")
    command = _prometheus_command(program, places, broker)
    child = ManagedProcess(command, log=places.log("prometheus"), environment=os.environ)
    await child.wait_until(lambda: is_accepting(port), within=PROMETHEUS_SECONDS)
    return child


def _prometheus_command(program: str, places: StackPaths, broker: BrokerAdmin) -> list[str]:
    configuration = places.folder / "prometheus.yml"
    configuration.write_text(json.dumps(_prometheus_configuration(places, broker), indent=2))  # JSON is YAML too
    return [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={places.folder / 'prometheus'}",
        "--storage.tsdb.retention.time=30d",
        f"--web.listen-address={HOST}:{places.port('prometheus')}",
        f"--web.console.templates={CONSOLES}",
        "--log.level=warn",
    ]


def _prometheus_configuration(places: StackPaths, broker: BrokerAdmin) -> dict[str, Any]:
    targets = {service.name: f"{HOST}:{places.monitoring_port(service.name)}" for service in SERVICES}
    jobs = [{"job_name": name, "static_configs": [{"targets": [target]}]} for name, target in targets.items()]
    return {
        "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
        "rule_files": [str(RULES / "*.yml")],
        "scrape_configs": [*jobs, *broker_scrape_configs(broker)],
    }


def broker_scrape_configs(broker: BrokerAdmin) -> list[dict[str, Any]]:
    """Return the scrape configurations of the broker: the whole, and the length of each queue."""
    if broker.prometheus_url is None:
        return []
    target = [{"targets": [urlsplit(broker.prometheus_url).netloc]}]
    queues = {"vhost": [VHOST], "family": ["queue_coarse_metrics"]}
    return [
        {"job_name": "rabbitmq", "static_configs": target},
        {
            "job_name": "rabbitmq-queues",
            "metrics_path": "/metrics/detailed",
            "params": queues,
            "static_configs": target,
        },
    ]
