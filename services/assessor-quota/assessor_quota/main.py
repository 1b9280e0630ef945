"""All wiring of the assessor-quota service."""

from __future__ import annotations

import rulebook
from chassis.runtime import ServiceDefinition, run
from chassis.security import load_keys
from chassis.spreadsheets import WorkbookLimits, WorkbookReader

from assessor_quota import api
from assessor_quota.anchoring import RECORDER
from assessor_quota.api.bulk import BUSY
from assessor_quota.bus import SUBSCRIPTIONS
from assessor_quota.gauges import GAUGES
from assessor_quota.jobs import JOBS
from assessor_quota.settings import Settings
from assessor_quota.store import AGGREGATES, INDEXES, Store


def service(settings: Settings | None = None) -> ServiceDefinition:
    settings = settings or Settings.load()
    return ServiceDefinition(
        "assessor-quota",
        settings,
        regulation=rulebook,
        store=Store,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        subscriptions=SUBSCRIPTIONS,
        jobs=(*JOBS, RECORDER.job()),
        gauges=GAUGES,
        router=api.router,
        state={
            "keys": load_keys(settings.person_key_file),
            "workbooks": WorkbookReader(WorkbookLimits.of(settings), busy=BUSY),
        },
    )


if __name__ == "__main__":
    run(service())
