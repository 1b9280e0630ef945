"""Files in a service's own database, in the layout of GridFS: written and read in pieces, never held whole.

The drivers' own writers keep up to 48 MB of pieces before they send any, and their readers ask for 16 MB at once; so
both go through the seam here, the same for either driver. Every client of GridFS reads what is written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from uuid import uuid4

from chassis.clock import SystemClock
from chassis.handling import Document, PendingUpload, TransientError
from chassis.persistence.codec import codec
from chassis.persistence.errors import WriteConflictError
from chassis.persistence.system_collections import CHUNKS, FILES, UPLOADS
from chassis.persistence.unit_of_work import ChangeSet, DocumentStore, Write

CHUNK_SIZE = 255 * 1024
"""Bytes of a piece, as in every GridFS."""
CHUNKS_AT_ONCE = 4
"""Pieces written or read by one request to the database: what a file takes of the memory of a process."""
SWEPT_AT_ONCE = 100

Read = Callable[[int], Awaitable[bytes]]
"""(size) → the next so many bytes, fewer only at the end."""


class DamagedFileError(Exception):
    """A piece of a file is missing in the database."""


class FileStore:
    """The files of one service.

    Bytes are written under an id of their own. They are nobody's until a commit saves a row that names the id and
    removes the upload's; what no commit has named by then is removed, by ``upload`` itself or by ``sweep``.
    """

    def __init__(self, database: DocumentStore) -> None:
        self._database = database

    @asynccontextmanager
    async def upload(self, name: str, read: Read) -> AsyncIterator[str]:
        """Store what ``read`` returns, and yield its id to the command that will name it."""
        upload_id = uuid4().hex
        begun = PendingUpload(SystemClock().now())
        await self._database.insert(UPLOADS, _row(upload_id, 1, begun))
        try:
            await self._write(upload_id, name, read)
            yield upload_id
        finally:
            with suppress(TransientError):  # what is left then is swept
                await self.discard(upload_id)

    async def read(self, file_id: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes from ``start`` to before ``stop``, a piece at a time."""
        number = start // CHUNK_SIZE
        while number * CHUNK_SIZE < stop:
            for chunk in await self._chunks(file_id, number):
                begin = number * CHUNK_SIZE
                part = bytes(chunk["data"][max(0, start - begin) : stop - begin])
                if chunk["n"] != number or len(part) != min(stop, begin + CHUNK_SIZE) - max(start, begin):
                    raise DamagedFileError(f"{file_id}: piece {number} is not whole")
                yield part
                number += 1
                if number * CHUNK_SIZE >= stop:
                    return

    async def discard(self, upload_id: str) -> None:
        """Remove the bytes of an upload, unless a commit has named them.

        The upload is marked first: a commit that comes after the mark conflicts and finds it.
        """
        for row in await self._database.load(UPLOADS, [upload_id]):
            with suppress(WriteConflictError):  # named by a commit, or discarded by another, in the meantime
                await self._remove(upload_id, row)

    async def sweep(self, begun_before: datetime) -> int:
        """Discard uploads that were begun long ago, the oldest first, no more than a page; return how many."""
        oldest = (("begun_at", 1), ("_id", 1))
        found = await self._database.find(UPLOADS, {"begun_at": {"$lt": begun_before}}, oldest, SWEPT_AT_ONCE)
        for row in found:
            await self.discard(row["_id"])
        return len(found)

    async def _write(self, upload_id: str, name: str, read: Read) -> None:
        size = number = 0
        while block := await read(CHUNKS_AT_ONCE * CHUNK_SIZE):
            chunks = [block[at : at + CHUNK_SIZE] for at in range(0, len(block), CHUNK_SIZE)]
            await self._database.insert_all(
                CHUNKS, [_chunk(upload_id, number + place, data) for place, data in enumerate(chunks)]
            )
            size, number = size + len(block), number + len(chunks)
        described = {"_id": upload_id, "filename": name, "length": size, "chunkSize": CHUNK_SIZE}
        await self._database.insert(FILES, described | {"uploadDate": SystemClock().now()})

    async def _chunks(self, file_id: str, number: int) -> Sequence[Document]:
        where = {"files_id": file_id, "n": {"$gte": number}}
        found = await self._database.find(CHUNKS, where, (("n", 1),), CHUNKS_AT_ONCE)
        if not found:
            raise DamagedFileError(f"{file_id}: piece {number} is missing")
        return found

    async def _remove(self, upload_id: str, row: Document) -> None:
        version = row["_version"]
        if not row["abandoned"]:
            mark = _row(upload_id, version + 1, PendingUpload(row["begun_at"], abandoned=True))
            await self._database.commit(ChangeSet([], [Write(UPLOADS, upload_id, version, mark)], None))
            version += 1
        await self._database.remove_all(CHUNKS, {"files_id": upload_id})
        await self._database.remove_all(FILES, {"_id": upload_id})
        await self._database.commit(ChangeSet([], [Write(UPLOADS, upload_id, version, None)], None))


def _row(upload_id: str, version: int, upload: PendingUpload) -> Document:
    return {"_id": upload_id, "_version": version, "_sequence": 0, **codec(PendingUpload).dump(upload)}


def _chunk(upload_id: str, number: int, data: bytes) -> Document:
    return {"_id": f"{upload_id}:{number}", "files_id": upload_id, "n": number, "data": data}
