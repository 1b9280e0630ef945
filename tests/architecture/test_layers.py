"""The files that every service has, and the modules that may import a technology.

Imports between our own packages are guarded by the import contracts (.importlinter).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, SERVICES, imported, package, production

MODULES = {"domain", "handlers", "store", "bus", "api", "main"}
"""Of every service; jobs, gauges and settings are in those that need them."""
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
    "aio_pika": {"chassis/inbox/consumer.py", "chassis/broker/", "chassis/runtime/process.py"},
    "aiormq": {"chassis/broker/"},
    "faststream": {"chassis/inbox/consumer.py", "chassis/broker/"},
    "fastapi": {"/api.py", "/main.py", "chassis/http/", *FASTAPI_OUTSIDE_HTTP},
    "prometheus_client": {"chassis/observability/metrics.py", "chassis/observability/gauges.py"},
    "opentelemetry": {f"chassis/observability/{module}.py" for module in ("tracing", "tracing_mongo", "spans", "logs")},
    "openpyxl": {"chassis/spreadsheets/", "applications/workbooks/"},
    "jinja2": {"notify/templates.py"},
    "aiosmtplib": {"notify/mail.py"},
}
"""Technology → the modules that may import it; the chassis is the services' only way to broker and database."""
CHASSIS = ROOT / "contracts" / "chassis" / "chassis"
FRONTS = {"http", "inbox", "observability", "persistence", "runtime", "scheduling", "security", "spreadsheets"}
MAX_TOP_LEVEL = 22
"""Modules and packages that a newcomer sees on opening the chassis."""
CHASSIS_OF_RULES = ("chassis.handling", "chassis.settling")
"""The modules of the chassis that domain and handlers import (decision 0003)."""
every_service = pytest.mark.parametrize("service", SERVICES)


@every_service
def test_service_has_the_modules_that_every_service_has(service: str) -> None:
    folder = package(service)
    modules = {each.stem for each in folder.iterdir() if each.suffix == ".py" or (each / "__init__.py").exists()}

    assert modules >= MODULES
    assert (ROOT / "services" / service / "README.md").read_text().strip()


@every_service
def test_domain_and_handlers_import_no_technology(service: str) -> None:
    allowed = {"messages", "rulebook", SERVICES[service], *sys.stdlib_module_names}
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for module in ("domain", "handlers")
        for path in [package(service) / f"{module}.py", *(package(service) / module).rglob("*.py")]
        if path.exists()
        for name in imported(path)
        if name.split(".")[0] not in allowed and not name.startswith(CHASSIS_OF_RULES) and name != "chassis"
    }

    assert strangers == set()


def test_each_technology_is_imported_by_its_modules_alone() -> None:
    strangers = {
        f"{path.relative_to(ROOT)}: {technology}"
        for path in production()
        for technology, modules in TECHNOLOGY.items()
        if technology in {name.split(".")[0] for name in imported(path)}
        and not any(_in_module(path, module) for module in modules)
    }

    assert strangers == set()


def _in_module(path: Path, module: str) -> bool:
    """A module may be a file or a package of its name."""
    return path.as_posix().endswith(module) or f"/{module.removesuffix('.py').strip('/')}/" in path.as_posix()


def test_no_file_is_longer_than_300_lines() -> None:
    long = {str(path.relative_to(ROOT)) for path in production() if len(path.read_text().splitlines()) > 300}

    assert long == set()


def test_only_the_clock_reads_the_time() -> None:
    words = ("datetime.now(", "utcnow(", "date.today(", "time.time(")
    asking = {
        str(path.relative_to(ROOT))
        for path in production()
        if any(word in path.read_text() for word in words) and path.name != "clock.py"
    }

    assert asking == set()


def test_the_chassis_shows_its_architecture_in_few_folders() -> None:
    names = {each.stem for each in CHASSIS.iterdir() if each.suffix == ".py" or (each / "__init__.py").exists()}

    assert len(names - {"__init__"}) <= MAX_TOP_LEVEL


@every_service
def test_services_import_the_fronts_of_the_chassis_alone(service: str) -> None:
    """So that the inside of a package may move without touching a service."""
    inside = {f"chassis.{front}.{each.stem}" for front in FRONTS for each in (CHASSIS / front).iterdir()}
    deep = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in package(service).rglob("*.py")
        for name in imported(path) & inside
    }

    assert deep == set()
