"""The five services: their names, packages and the order of their ports."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # the launcher names services without loading what runs them
    from chassis.inbox import Subscription


class Service(NamedTuple):
    """Name of the service, and the package that runs it."""

    name: str
    package: str

    @property
    def database(self) -> str:
        return self.package

    def subscriptions(self) -> tuple[Subscription[Any], ...]:
        subscriptions: tuple[Subscription[Any], ...] = import_module(f"{self.package}.bus").SUBSCRIPTIONS
        return subscriptions


SERVICES = (
    Service("applications", "applications"),
    Service("assessor-quota", "assessor_quota"),
    Service("review", "review"),
    Service("registry", "registry"),
    Service("notify", "notify"),
)
