"""All wiring of the applications service."""

from __future__ import annotations

from asyncio import to_thread
from functools import partial

import rulebook
from chassis.runtime.run import run
from chassis.runtime.service import ServiceDefinition
from chassis.security.pseudonyms import load_keys

from applications import api
from applications.bus import SUBSCRIPTIONS
from applications.file_store import FileStore
from applications.settings import Settings
from applications.store import AGGREGATES, INDEXES, Store


def service(settings: Settings | None = None) -> ServiceDefinition:
    settings = settings or Settings.load()
    vault = FileStore(settings.files_dir)
    return ServiceDefinition(
        "applications",
        settings,
        regulation=rulebook,
        store=Store,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        subscriptions=SUBSCRIPTIONS,
        router=api.router(vault, load_keys(settings.person_key_file)),
        body_limits=api.body_limits(),
        pings={"files": partial(to_thread, vault.ping)},
    )


if __name__ == "__main__":
    run(service())
