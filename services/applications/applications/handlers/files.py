"""Evidence files: who sent one, and which bytes are its content."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from chassis.handling import Done, TransientError
from rulebook import rules_on, shanghai_date

from applications.domain.files import FileUsage, SentFile, StoredContent
from applications.handlers.ports import Store


async def record_file(command: SentFile, store: Store, now: datetime, *, upload_id: str | None) -> Done:
    """Record who sent a file, and name its bytes unless its content is stored already.

    What the sender has sent before costs nothing. Another's content does: else the answer would tell that it is there.
    """
    if await store.files.get(command.key) is None:
        today, rules = shanghai_date(now), rules_on(shanghai_date(now))
        usage = await usage_of(command.organisation, store, now)
        usage.require_room(command.size, rules)
        if await store.contents.get(command.sha256) is None:
            await _name_bytes(command, upload_id, store)
        store.file_usage.save(command.organisation, usage.on(today).with_file(command.size))
        store.files.save(command.key, command)
    return Done(value=command.ref(command.name))


async def usage_of(organisation: str, store: Store, now: datetime) -> FileUsage:
    """Return what the organisation has sent today."""
    today = shanghai_date(now)
    known = await store.file_usage.get(organisation)
    return known.on(today) if known else FileUsage(organisation, today)


def keys_of_file(command: SentFile, upload_id: str | None) -> Iterable[tuple[str, str]]:
    yield "files", command.key
    yield "contents", command.sha256
    yield "file_usage", command.organisation
    if upload_id is not None:
        yield "uploads", upload_id


async def _name_bytes(command: SentFile, upload_id: str | None, store: Store) -> None:
    """The row of the upload goes with the commit that names its bytes, so that nobody removes them any more."""
    upload = None if upload_id is None else await store.uploads.get(upload_id)
    if upload_id is None or upload is None or upload.abandoned:
        raise TransientError(f"the bytes of {command.sha256} were given up: they are to be sent again")
    store.uploads.remove(upload_id)
    store.contents.save(command.sha256, StoredContent(command.sha256, upload_id, command.size))
