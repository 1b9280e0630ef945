"""All wiring of notify in one place."""

from __future__ import annotations

import rulebook
from chassis.runtime import ServiceDefinition, run

from notify.api import router
from notify.bus import SUBSCRIPTIONS
from notify.gauges import GAUGES
from notify.jobs import jobs
from notify.mail import make_sender
from notify.settings import Settings
from notify.store import AGGREGATES, INDEXES, Store


def service(settings: Settings | None = None) -> ServiceDefinition:
    settings = settings or Settings.load()
    return ServiceDefinition(
        name="notify",
        settings=settings,
        regulation=rulebook,
        store=Store,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        subscriptions=SUBSCRIPTIONS,
        router=router,
        gauges=GAUGES,
        jobs=jobs(make_sender(settings), settings.mail_batch_size),
    )


if __name__ == "__main__":
    run(service())
