"""Files through the whole service on the real database, with both drivers: memory stays flat, and no half is seen."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any, get_args

import pytest
from applications.api import router
from applications.store import AGGREGATES, INDEXES, Store
from chassis.clock import SystemClock
from chassis.persistence.files import FileStore
from chassis.persistence.mongo import Database, Driver, open_database
from chassis.security.audit import AUDIT_INDEXES
from devkit.api_harness import ApiHarness, api_harness
from devkit.clock import FixedClock
from devkit.private_servers import PrivateServers
from messages.values import Role

from .api_calls import KEYS
from .builders import NOW, RULES, STEEL

pytestmark = pytest.mark.connected

LARGEST = RULES.files.max_bytes
PART = 64 * 1024
HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
END = b"\r\n--x--\r\n"
MIB = 1024 * 1024
STOPS = 12


@dataclass
class Came:
    """Status, length and digest of an answer."""

    status: int = 0
    size: int = 0
    digest: Any = field(default_factory=sha256)

    async def send(self, message: Any) -> None:  # noqa: ANN401 - ASGI's own
        self.status = message.get("status", self.status)
        self.size += len(message.get("body", b""))
        self.digest.update(message.get("body", b""))


@dataclass
class Files:
    """The API of one process on its database, called as a server calls it: nothing keeps a body but the service."""

    api: ApiHarness[Store]
    database: Database

    async def send(self, size: int, key: str) -> int:
        headers = {"content-type": "multipart/form-data; boundary=x", "idempotency-key": key}
        return (await self._call("POST", "/v1/files", headers, form(size))).status

    async def fetch(self, digest: str) -> tuple[int, int, str]:
        """Return the status, the length and the digest of what came."""
        came = await self._call("GET", f"/v1/files/{digest}", {}, iter(()))
        return came.status, came.size, came.digest.hexdigest()

    async def _call(self, method: str, path: str, headers: dict[str, str], parts: Iterator[bytes]) -> Came:
        token = self.api.issuer.mint(role=Role.APPLICANT, organisation=STEEL.uscc)
        sent = {**headers, "authorization": f"Bearer {token}"}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "http_version": "1.1",
            "scheme": "http",
            "server": ("green.invalid", 80),
            "client": ("127.0.0.1", 1),
        }
        came = Came()
        await self.api.app(scope, _receive(parts), came.send)
        return came


def _receive(parts: Iterator[bytes]) -> Callable[[], Awaitable[dict[str, Any]]]:
    ended = False

    async def receive() -> dict[str, Any]:
        nonlocal ended
        if ended:
            await asyncio.Event().wait()
        part = next(parts, None)
        ended = part is None
        return {"type": "http.request", "body": part or b"", "more_body": not ended}

    return receive


def form(size: int) -> Iterator[bytes]:
    """Yield the form of a PDF of so many bytes, made piece by piece."""
    yield HEAD
    yield from pdf(size)
    yield END


def pdf(size: int) -> Iterator[bytes]:
    head, end = b"%PDF-1.7\n", b"\n%%EOF\n"
    yield head
    left = size - len(head) - len(end)
    for number in range(0, left, PART):
        yield (number.to_bytes(4, "big") * PART)[: min(PART, left - number)]
    yield end


def digest_of(size: int) -> str:
    digest = sha256()
    for part in pdf(size):
        digest.update(part)
    return digest.hexdigest()


@pytest.fixture(params=get_args(Driver))
async def files(servers: PrivateServers, request: pytest.FixtureRequest) -> AsyncIterator[Files]:
    created = await servers.database("applications")
    database = open_database(created.url, created.name, request.param)
    await database.ensure_indexes((*INDEXES, *AUDIT_INDEXES))
    async with api_harness(
        "applications",
        router,
        Store,
        aggregates=AGGREGATES,
        clock=FixedClock(NOW),
        state={"keys": KEYS},
        database=database,
    ) as api:
        yield Files(api, database)
    await database.close()


async def peak_of(act: Awaitable[Any]) -> tuple[Any, int]:
    """Return what the act returns, and the bytes that Python held at once for it."""
    tracemalloc.start()
    try:
        result = await act
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return result, peak


@pytest.mark.rule("A3")
async def test_the_largest_file_is_sent_and_fetched_in_a_part_of_its_memory(files: Files) -> None:
    assert await files.send(MIB, "first") == 201

    status, sending = await peak_of(files.send(LARGEST, "largest"))
    fetched, fetching = await peak_of(files.fetch(digest_of(LARGEST)))

    assert (status, fetched) == (201, (200, LARGEST, digest_of(LARGEST)))
    assert (sending < LARGEST / 2, fetching < LARGEST / 2) == (True, True), (sending, fetching)


@pytest.mark.rule("A3")
async def test_an_upload_that_is_stopped_anywhere_is_seen_whole_or_not_at_all(files: Files) -> None:
    """Each is stopped a little later: while it is read, examined, written, committed."""
    sizes = [3 * MIB + number for number in range(STOPS)]
    for number, size in enumerate(sizes):
        sending = asyncio.ensure_future(files.send(size, f"stopped-{number}"))
        await asyncio.wait({sending}, timeout=0.02 * number)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

        whole = (200, size, digest_of(size))
        fetched = await files.fetch(digest_of(size))
        assert fetched == whole or fetched[0] == 404

    await FileStore(files.database).sweep(SystemClock().now() + timedelta(days=1))
    named = [each["file_id"] for each in await files.database.find("contents", {})]
    assert await files.database.count("uploads", {}) == 0
    assert {each["_id"] for each in await files.database.find("fs.files", {})} == set(named)
    assert await files.database.count("fs.chunks", {"files_id": {"$nin": named}}) == 0
