"""What a service is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from chassis.failpoints import Failpoints
from chassis.http.endpoint import ApiContext
from chassis.inbox.subscriptions import Subscription
from chassis.observability.gauges import DomainGauge
from chassis.observability.tracing import Tracing
from chassis.persistence.collections import Index
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.scheduling.job import Job
from chassis.security.audit import RECORD_INDEXES
from chassis.settings import Settings


@dataclass(frozen=True)
class ServiceDefinition:
    """All wiring of one service, in one place: its main.py."""

    name: str
    settings: Settings
    store: Callable[[UnitOfWork], Any]
    aggregates: Mapping[str, str]
    indexes: Sequence[Index] = ()
    subscriptions: Sequence[Subscription] = ()
    router: Callable[[ApiContext], APIRouter] | None = None
    jobs: Sequence[Job] = ()
    measures: Sequence[DomainGauge] = ()
    pings: Mapping[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    """Of resources that only this service has, for example its mail server."""
    steps: Failpoints | None = None
    """An observer that fault tests wire in."""
    tracing: Tracing | None = None
    """In place of the one that the settings ask for; tests wire it in."""

    @property
    def all_indexes(self) -> tuple[Index, ...]:
        return (*self.indexes, *RECORD_INDEXES)
