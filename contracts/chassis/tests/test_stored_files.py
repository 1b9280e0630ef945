"""Files lie in the database in pieces, whole or not at all, and what no commit has named is removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from chassis.clock import SystemClock
from chassis.observability.metrics import Metrics
from chassis.persistence import FILE_INDEXES, files
from chassis.persistence.errors import WriteConflictError
from chassis.persistence.files import CHUNK_SIZE, DamagedFileError, FileStore, Read
from chassis.persistence.leases import Leases
from chassis.persistence.mongo import Database, open_database
from chassis.persistence.system_collections import CHUNKS, FILE_COLLECTIONS, FILES, UPLOADS
from chassis.persistence.unit_of_work import ChangeSet, DocumentStore, Write
from chassis.scheduling.sweeper import SWEEP_AGE, UploadSweeper
from devkit.clock import FixedClock
from devkit.private_servers import PrivateServers
from gridfs import AsyncGridFSBucket
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

SIZES = (1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 4 * CHUNK_SIZE, 9 * CHUNK_SIZE + 7)
_DEAD: list[object] = []
"""Keeps what has died from being collected, which would end its block after all."""


def content_of(size: int) -> bytes:
    return bytes(number % 251 for number in range(1000)) * (size // 1000 + 1)


def reader_of(content: bytes) -> Read:
    stream = BytesIO(content)

    async def read(size: int) -> bytes:
        return stream.read(size)

    return read


@asynccontextmanager
async def uploaded(store: DocumentStore, content: bytes) -> AsyncIterator[str]:
    async with FileStore(store).upload("name", reader_of(content)) as upload_id:
        yield upload_id


async def store_file(store: DocumentStore, content: bytes) -> str:
    """Store bytes and commit, as the row of their owner does."""
    async with uploaded(store, content) as upload_id:
        await store.commit(ChangeSet([], [Write(UPLOADS, upload_id, 1, None)], None))
    return upload_id


async def read_file(store: DocumentStore, file_id: str, start: int, stop: int) -> bytes:
    return b"".join([part async for part in FileStore(store).read(file_id, start, stop)])


async def left_in(store: DocumentStore) -> dict[str, int]:
    counts = {each: await store.count(each, {}) for each in FILE_COLLECTIONS}
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize("size", SIZES)
async def test_a_file_is_read_as_it_was_written_whole_and_in_ranges(document_store: DocumentStore, size: int) -> None:
    content = content_of(size)[:size]

    file_id = await store_file(document_store, content)

    assert await read_file(document_store, file_id, 0, size) == content
    for start, stop in ((0, 1), (size - 1, size), (size // 3, size - size // 4), (CHUNK_SIZE - 2, CHUNK_SIZE + 2)):
        if 0 <= start < stop <= size:
            assert await read_file(document_store, file_id, start, stop) == content[start:stop]


async def test_other_clients_of_gridfs_read_what_was_written(database: Database) -> None:
    content = content_of(3 * CHUNK_SIZE)
    bucket: Any = AsyncIOMotorGridFSBucket if database.driver == "motor" else AsyncGridFSBucket

    stream = await bucket(database._database).open_download_stream(await store_file(database, content))

    assert (stream.filename, stream.length, await stream.read()) == ("name", len(content), content)


async def test_an_upload_that_no_commit_names_leaves_nothing(document_store: DocumentStore) -> None:
    async with uploaded(document_store, content_of(CHUNK_SIZE * 5)):
        assert set(await left_in(document_store)) == set(FILE_COLLECTIONS)

    assert await left_in(document_store) == {}


async def test_an_upload_whose_command_is_refused_leaves_nothing(document_store: DocumentStore) -> None:
    with pytest.raises(PermissionError):
        async with uploaded(document_store, b"x"):
            raise PermissionError

    assert await left_in(document_store) == {}


async def test_a_body_that_breaks_off_leaves_nothing(document_store: DocumentStore) -> None:
    blocks = [content_of(CHUNK_SIZE * 4)]

    async def read(_size: int) -> bytes:
        return blocks.pop()  # the second block is not there

    with pytest.raises(IndexError):
        async with FileStore(document_store).upload("name", read):
            pass

    assert await left_in(document_store) == {}


async def test_what_a_commit_has_named_is_not_discarded(document_store: DocumentStore) -> None:
    file_id = await store_file(document_store, b"kept")

    await FileStore(document_store).discard(file_id)
    await FileStore(document_store).sweep(SystemClock().now() + timedelta(days=1))

    assert await read_file(document_store, file_id, 0, 4) == b"kept"


async def test_a_commit_that_names_given_up_bytes_conflicts(document_store: DocumentStore) -> None:
    async with uploaded(document_store, b"x") as upload_id:
        await FileStore(document_store).discard(upload_id)
        with pytest.raises(WriteConflictError):
            await document_store.commit(ChangeSet([], [Write(UPLOADS, upload_id, 1, None)], None))


async def test_of_a_commit_and_a_sweep_at_once_one_wins_and_the_other_finds_it(database: Database) -> None:
    for _ in range(20):
        async with uploaded(database, content_of(CHUNK_SIZE)) as upload_id:
            named, _ = await asyncio.gather(
                database.commit(ChangeSet([], [Write(UPLOADS, upload_id, 1, None)], None)),
                FileStore(database).sweep(SystemClock().now() + timedelta(days=1)),
                return_exceptions=True,
            )
        if isinstance(named, WriteConflictError):
            assert await database.find(CHUNKS, {"files_id": upload_id}) == []
        else:
            assert await read_file(database, upload_id, 0, 5) == content_of(5)[:5]


async def die_while_uploading(store: DocumentStore, content: bytes) -> None:
    """Write as a process that is killed before its commit: nothing of its own runs any more."""
    dying = FileStore(store).upload("name", reader_of(content))
    await dying.__aenter__()
    _DEAD.append(dying)


@pytest.mark.parametrize("size", [10, CHUNK_SIZE * 6])
async def test_what_a_process_that_died_has_left_is_swept_after_its_age(database: Database, size: int) -> None:
    await die_while_uploading(database, content_of(size))
    now = SystemClock().now()
    sweepers = [
        UploadSweeper(Leases(database, "one"), FileStore(database), Metrics(), FixedClock(now + SWEEP_AGE + shift))
        for shift in (timedelta(minutes=-5), timedelta(minutes=5))
    ]

    assert [await each.poll() for each in sweepers] == [0, 1]
    assert await left_in(database) == {}


async def test_a_sweep_that_failed_is_gone_on_with(
    document_store: DocumentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await die_while_uploading(document_store, content_of(CHUNK_SIZE))
    tomorrow = SystemClock().now() + timedelta(days=1)

    async def fail(_collection: str, _where: object) -> int:
        raise ConnectionError

    monkeypatch.setattr(document_store, "remove_all", fail)
    with pytest.raises(ConnectionError):
        await FileStore(document_store).sweep(tomorrow)
    monkeypatch.undo()
    assert CHUNKS in await left_in(document_store)

    await FileStore(document_store).sweep(tomorrow)

    assert await left_in(document_store) == {}


async def test_a_sweep_takes_a_page_of_the_oldest(
    document_store: DocumentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SWEPT_AT_ONCE", 2)
    for _ in range(3):
        await die_while_uploading(document_store, b"x")

    swept = [await FileStore(document_store).sweep(SystemClock().now() + timedelta(days=1)) for _ in range(3)]

    assert swept == [2, 1, 0]


@pytest.mark.parametrize("where", [{"n": 0}, {"n": 4}, {}])
async def test_a_file_with_a_piece_missing_is_not_read_as_if_whole(
    document_store: DocumentStore, where: dict[str, int]
) -> None:
    file_id = await store_file(document_store, content_of(CHUNK_SIZE * 6))
    await document_store.remove_all(CHUNKS, {"files_id": file_id, **where})

    with pytest.raises(DamagedFileError):
        await read_file(document_store, file_id, 0, CHUNK_SIZE * 6)


async def test_the_indexes_are_the_ones_that_gridfs_expects(servers: PrivateServers, database: Database) -> None:
    created = await servers.database("files")
    opened = open_database(created.url, created.name, database.driver)
    try:
        await opened.ensure_indexes(FILE_INDEXES)
        described = await opened._database[CHUNKS].index_information()
        assert described["files_id_1_n_1"]["unique"]
        assert "filename_1_uploadDate_1" in await opened._database[FILES].index_information()
    finally:
        await opened.close()
