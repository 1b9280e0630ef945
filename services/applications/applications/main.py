"""All wiring of the applications service."""

from __future__ import annotations

import rulebook
from chassis.runtime import ServiceDefinition, run
from chassis.security import load_keys
from chassis.spreadsheets import WorkbookLimits, WorkbookReader

from applications.anchoring import RECORDER
from applications.api import router
from applications.api.imports import BUSY
from applications.bus import SUBSCRIPTIONS
from applications.gauges import GAUGES
from applications.settings import Settings
from applications.store import AGGREGATES, INDEXES, Store


def service(settings: Settings | None = None) -> ServiceDefinition:
    settings = settings or Settings.load()
    return ServiceDefinition(
        "applications",
        settings,
        regulation=rulebook,
        store=Store,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        subscriptions=SUBSCRIPTIONS,
        jobs=(RECORDER.job(),),
        gauges=GAUGES,
        router=router,
        state={
            "keys": load_keys(settings.person_key_file),
            "workbooks": WorkbookReader(WorkbookLimits.of(settings), busy=BUSY),
        },
    )


if __name__ == "__main__":
    run(service())
