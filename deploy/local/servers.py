"""The servers of the local stack: broker, database, mail and Prometheus, each with what the services need in it."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from chassis.clock import SystemClock
from chassis.servers import Broker, Mongod
from chassis.servers.processes import HOST, Child, accepts, require_free

from deploy.definitions import VHOST, committed, with_passwords
from deploy.local.places import Places
from deploy.services import SERVICES

DEPLOY = Path(__file__).resolve().parents[1]
RULES = DEPLOY / "prometheus" / "rules"
CONSOLES = DEPLOY / "dashboards" / "consoles"
PROMETHEUS_SECONDS = 30


async def start_broker(places: Places) -> Broker:
    """Start the node with the topology in it and a user for each service; nothing of it is taken away."""
    broker = await Broker.start(
        places.folder / "broker",
        places.port("amqp"),
        management_port=places.port("management"),
        prometheus_port=places.port("broker-metrics"),
        dist_port=places.port("erlang"),
    )
    await broker.import_definitions(with_passwords(committed(), places.passwords()))
    await broker.permit(broker.admin_user, VHOST, configure=".*", write=".*", read=".*")
    return broker


async def start_mongod(places: Places) -> Mongod:
    """Start the database with a user for each service, who reaches its own database only."""
    mongod = await Mongod.start(places.folder / "mongod", places.port("mongo"))
    passwords = places.passwords()
    users = (mongod.add_user(service.database, service.name, passwords[service.name]) for service in SERVICES)
    await asyncio.gather(*users)
    return mongod


class MailDrop:
    """Takes every mail and keeps it as a file; nothing is sent on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self._count += 1
        name = f"{SystemClock().now():%Y%m%dT%H%M%S}-{os.getpid()}-{self._count:06}.eml"
        await asyncio.to_thread((self._folder / name).write_bytes, envelope.original_content or b"")
        return "250 kept"


async def start_mail(places: Places) -> asyncio.Server:
    port, drop = places.port("smtp"), MailDrop(places.mail)
    require_free(port, "mail")
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: SMTP(drop, hostname="localhost", loop=loop), HOST, port)


async def start_prometheus(places: Places) -> Child | None:
    """Start Prometheus, or give nothing where it is not installed: the stack works without it."""
    program = shutil.which("prometheus")
    if program is None:
        return None
    port = places.port("prometheus")
    require_free(port, "prometheus")
    child = Child(_prometheus_command(program, places, port), log=places.log("prometheus"), environment=os.environ)
    await child.until(lambda: accepts(port), within=PROMETHEUS_SECONDS)
    return child


def _prometheus_command(program: str, places: Places, port: int) -> list[str]:
    configuration = places.folder / "prometheus.yml"
    configuration.write_text(json.dumps(_scraped(places), indent=2))  # JSON is YAML too
    return [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={places.folder / 'prometheus'}",
        "--storage.tsdb.retention.time=30d",
        f"--web.listen-address={HOST}:{port}",
        f"--web.console.templates={CONSOLES}",
        "--log.level=warn",
    ]


def _scraped(places: Places) -> dict[str, Any]:
    jobs = {service.name: places.port(service.name) for service in SERVICES}
    jobs["rabbitmq"] = places.port("broker-metrics")
    return {
        "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
        "rule_files": [str(RULES / "*.yml")],
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": [f"{HOST}:{port}"]}]} for name, port in jobs.items()
        ],
    }
