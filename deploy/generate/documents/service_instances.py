"""Builds a service as its main.py does, from settings that start and reach nothing."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import get_args, get_type_hints

from chassis.runtime import ServiceDefinition
from chassis.security import add_key
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode, Settings

from deploy.services import Service


def instantiate(service: Service, folder: Path) -> ServiceDefinition:
    """Return the definition that the service's process would run; creates its keys and files in ``folder``."""
    settings = settings_class(service).model_validate(_settings(service, folder))
    definition: ServiceDefinition = import_module(f"{service.package}.main").service(settings)
    return definition


def settings_class(service: Service) -> type[Settings]:
    """Return the class of settings that the ``service`` of its main.py takes."""
    main = import_module(f"{service.package}.main")
    taken: type[Settings]
    (taken,) = (each for each in get_args(get_type_hints(main.service)["settings"]) if each is not NoneType)
    return taken


def _settings(service: Service, folder: Path) -> dict[str, str]:
    person_keys = folder / "persons.toml"
    DevelopmentIssuer(folder, Mode.LOCAL)
    add_key(person_keys, "local-1")
    return {
        "mode": Mode.LOCAL,
        "amqp_url": "amqp://localhost/green",
        "mongo_url": "mongodb://localhost",
        "database": service.database,
        "jwks_file": str(folder / "jwks.json"),
        "person_key_file": str(person_keys),
    }
