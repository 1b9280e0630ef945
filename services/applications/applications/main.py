"""All wiring of the applications service."""

from __future__ import annotations

from asyncio import to_thread
from functools import partial

import rulebook
from chassis.runtime import ServiceDefinition, run
from chassis.security import load_keys

from applications.api import BODY_LIMITS, router
from applications.bus import SUBSCRIPTIONS
from applications.file_store import FileStore
from applications.settings import Settings
from applications.store import AGGREGATES, INDEXES, Store


def service(settings: Settings | None = None) -> ServiceDefinition:
    settings = settings or Settings.load()
    files = FileStore(settings.files_dir)
    return ServiceDefinition(
        "applications",
        settings,
        regulation=rulebook,
        store=Store,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        subscriptions=SUBSCRIPTIONS,
        router=router,
        body_limits=BODY_LIMITS,
        state={"files": files, "keys": load_keys(settings.person_key_file)},
        pings={"files": partial(to_thread, files.ping)},
    )


if __name__ == "__main__":
    run(service())
