"""All wiring of the registry service."""

from __future__ import annotations

from chassis.runtime.run import run
from chassis.runtime.service import Service
from chassis.settings import Settings

from registry.api import router
from registry.bus import HEARS
from registry.jobs import JOBS
from registry.store import AGGREGATES, INDEXES, Store


def service(settings: Settings | None = None) -> Service:
    settings = settings or Settings.load()
    return Service(
        "registry",
        settings,
        store=Store,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        hears=HEARS,
        router=router,
        jobs=JOBS,
    )


if __name__ == "__main__":
    run(service())
