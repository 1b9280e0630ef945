"""All wiring of review in one place."""

from __future__ import annotations

import rulebook
from chassis.runtime import ServiceDefinition, run
from chassis.settings import Settings

from review.anchoring import RECORDER
from review.api import router
from review.bus import SUBSCRIPTIONS
from review.gauges import GAUGES
from review.jobs import JOBS
from review.store import AGGREGATES, INDEXES, Store


def service(settings: Settings | None = None) -> ServiceDefinition:
    return ServiceDefinition(
        name="review",
        settings=settings or Settings.load(),
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
