"""The definition of a service: its parts, which its main.py wires."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.failpoints import Failpoints, NoFailpoints
from chassis.http import APIRouter
from chassis.inbox.subscriptions import Subscription
from chassis.observability.gauges import DomainGauge
from chassis.observability.tracing import Tracing
from chassis.persistence.collections import Index
from chassis.persistence.system_collections import UPLOADS
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.regulation import Regulation
from chassis.runtime.layout import DatabaseLayout
from chassis.scheduling.job import Job
from chassis.settings import Settings


@dataclass(frozen=True)
class ServiceDefinition:
    """Everything that one service consists of; its main.py creates it."""

    name: str
    settings: Settings
    regulation: Regulation
    store: Callable[[UnitOfWork], Any]
    aggregates: Mapping[str, str]
    indexes: Sequence[Index] = ()
    subscriptions: Sequence[Subscription[Any]] = ()
    router: APIRouter | None = None
    state: Mapping[str, object] = field(default_factory=dict)
    """Further objects for the routes, as attributes of ``app.state``."""
    jobs: Sequence[Job[Any]] = ()
    gauges: Sequence[DomainGauge] = ()
    pings: Mapping[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    """Pings of resources that only this service has, for example its mail server."""
    failpoints: Failpoints = field(default_factory=NoFailpoints)
    """An observer, wired by fault tests."""
    tracing: Tracing | None = None
    """Replaces the tracing of the settings, in tests."""

    @property
    def stores_files(self) -> bool:
        """Whether its indexes are those of files among others (``FILE_INDEXES``)."""
        return any(index.collection == UPLOADS for index in self.indexes)

    @property
    def layout(self) -> DatabaseLayout:
        """Return what its database must hold before a process works."""
        return DatabaseLayout.of(self.store, self.indexes)
