"""All wiring of the registry service."""

from __future__ import annotations

import rulebook
from chassis.runtime import ServiceDefinition, run
from chassis.settings import Settings

from registry.anchoring import RECORDER
from registry.api import router
from registry.bus import SUBSCRIPTIONS
from registry.gauges import GAUGES
from registry.jobs import JOBS
from registry.store import AGGREGATES, INDEXES, Store


def service(settings: Settings | None = None) -> ServiceDefinition:
    settings = settings or Settings.load()
    return ServiceDefinition(
        "registry",
        settings,
        regulation=rulebook,
        store=Store,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        subscriptions=SUBSCRIPTIONS,
        router=router,
        jobs=(*JOBS, RECORDER.job()),
        gauges=GAUGES,
    )


if __name__ == "__main__":
    run(service())
