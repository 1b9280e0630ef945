"""The same rooms in every service, and each room knows only what it may."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, SERVICES, imported, package, production

ROOMS = {"domain", "handlers", "store", "bus", "api", "main"}
"""Of every service; jobs, gauges and settings are had by those that need them."""
FASTAPI_OUTSIDE_HTTP = (
    "chassis/observability/health.py",
    "chassis/security/audit.py",
    "chassis/runtime/process.py",
    "chassis/runtime/service.py",
)
TECHNOLOGY = {
    "motor": {"chassis/persistence/mongo/"},
    "pymongo": {"chassis/persistence/mongo/", "chassis/observability/tracing_mongo.py"},
    "bson": {"chassis/persistence/mongo/"},
    "aio_pika": {"chassis/inbox/consumer.py", "chassis/broker/acks.py", "chassis/runtime/process.py"},
    "aiormq": {"chassis/broker/publisher.py", "chassis/broker/acks.py"},
    "faststream": {"chassis/inbox/consumer.py", "chassis/broker/topology.py", "chassis/runtime/process.py"},
    "fastapi": {"/api.py", "/main.py", "chassis/http/", *FASTAPI_OUTSIDE_HTTP},
    "prometheus_client": {"chassis/observability/metrics.py", "chassis/observability/gauges.py"},
    "opentelemetry": {f"chassis/observability/{module}.py" for module in ("tracing", "tracing_mongo", "spans", "logs")},
    "openpyxl": {"chassis/spreadsheets/", "applications/workbooks/"},
    "python_calamine": {"chassis/spreadsheets/"},
    "jinja2": {"notify/templates.py"},
    "aiosmtplib": {"notify/mail.py"},
}
"""Who may import what: for services the listed modules of the chassis are the only way to broker and database."""
every_service = pytest.mark.parametrize("service", SERVICES)


@every_service
def test_a_service_has_the_rooms_that_every_service_has(service: str) -> None:
    folder = package(service)
    rooms = {each.stem for each in folder.iterdir() if each.suffix == ".py" or (each / "__init__.py").exists()}

    assert rooms >= ROOMS
    assert (ROOT / "services" / service / "README.md").read_text().strip()


@every_service
def test_rules_and_handlers_know_no_technology(service: str) -> None:
    allowed = {"messages", "rulebook", SERVICES[service], *sys.stdlib_module_names}
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for room in ("domain", "handlers")
        for path in [package(service) / f"{room}.py", *(package(service) / room).rglob("*.py")]
        if path.exists()
        for name in imported(path)
        if name.split(".")[0] not in allowed and not name.startswith("chassis.handling") and name != "chassis"
    }

    assert strangers == set()


def test_each_technology_has_one_room() -> None:
    strangers = {
        f"{path.relative_to(ROOT)}: {technology}"
        for path in production()
        for technology, rooms in TECHNOLOGY.items()
        if technology in {name.split(".")[0] for name in imported(path)}
        and not any(_in_room(path, room) for room in rooms)
    }

    assert strangers == set()


def _in_room(path: Path, room: str) -> bool:
    """A room may be a file or, outgrown, a folder of its name."""
    return path.as_posix().endswith(room) or f"/{room.removesuffix('.py').strip('/')}/" in path.as_posix()


def test_no_file_outgrows_its_room() -> None:
    long = {str(path.relative_to(ROOT)) for path in production() if len(path.read_text().splitlines()) > 300}

    assert long == set()


def test_only_the_clock_asks_what_time_it_is() -> None:
    words = ("datetime.now(", "utcnow(", "date.today(", "time.time(")
    asking = {
        str(path.relative_to(ROOT))
        for path in production()
        if any(word in path.read_text() for word in words) and path.name != "clock.py"
    }

    assert asking == set()
