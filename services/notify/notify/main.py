"""All wiring of the notify service."""

from __future__ import annotations

from chassis.runtime.run import run
from chassis.runtime.service import Service

from notify.api import router
from notify.bus import HEARS
from notify.jobs import jobs
from notify.mail import sender
from notify.settings import Settings
from notify.store import AGGREGATES, INDEXES, Store


def service(settings: Settings | None = None) -> Service:
    settings = settings or Settings.load()
    return Service(
        name="notify",
        settings=settings,
        store=Store,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        hears=HEARS,
        router=router,
        jobs=jobs(sender(settings), settings.mails_at_once),
    )


if __name__ == "__main__":
    run(service())
