"""A service as its main.py wires it, with nothing started behind it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType, NoneType
from typing import get_args, get_type_hints

from chassis.runtime.service import ServiceDefinition
from chassis.settings import PREFIX, Settings

from deploy.local.paths import StackPaths
from deploy.local.processes import environment
from deploy.local.servers import own
from deploy.services import Service


def instantiate(service: Service, folder: Path) -> ServiceDefinition:
    """Give what the service's process is made of; the keys it asks for are made in ``folder``."""
    places = StackPaths(folder, first_port=1)
    places.prepare()
    main = import_module(f"{service.package}.main")
    chosen = {
        name.removeprefix(PREFIX).lower(): value for name, value in environment(service, places, own(places)).items()
    }
    made: ServiceDefinition = main.service(_settings_of(main).model_validate(chosen))
    return made


def _settings_of(main: ModuleType) -> type[Settings]:
    """Give the class of settings that ``main.service`` takes."""
    taken: type[Settings]
    (taken,) = (each for each in get_args(get_type_hints(main.service)["settings"]) if each is not NoneType)
    return taken
