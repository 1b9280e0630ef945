"""A service's API in memory: the real application, committer and tokens, without server, broker or database."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Generic, TypedDict, TypeVar, Unpack

import rulebook
from chassis.clock import Clock
from chassis.handling import Handler
from chassis.http import ApiContext, APIRouter, Authorize
from chassis.http.app import create_app
from chassis.http.idempotency import COMMAND_METHODS, IDEMPOTENCY_KEY
from chassis.observability.metrics import Metrics
from chassis.observability.tracing import NO_TRACING, Tracing
from chassis.persistence import Index, UnitOfWork
from chassis.persistence.system_collections import INBOX
from chassis.persistence.unit_of_work import DocumentStore, read_only_unit
from chassis.scheduling import Job
from chassis.security import Policy
from chassis.security.dev_issuer import AUDIENCE, ISSUER, DevelopmentIssuer
from chassis.security.tokens import TokenVerifier
from chassis.settings import MIB, Mode
from chassis.transactions.commands import CommandExecutor
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx2 import ASGITransport, AsyncClient, Response
from messages.envelope import decode
from messages.event import Event

from devkit.due_jobs import drain
from devkit.in_memory_store import InMemoryStore

M = TypeVar("M")
S = TypeVar("S")


class RequestOptions(TypedDict, total=False):
    """Optional parts of a request."""

    key: str
    headers: Mapping[str, str]
    params: Mapping[str, str | int | float | bool | None]
    json: object
    content: bytes | AsyncIterator[bytes]
    data: Mapping[str, str]
    files: Mapping[str, tuple[str, bytes] | tuple[str, bytes, str]]


class ApiClient:
    """A client of the API; every command gets a new idempotency key unless one is given, and none for an empty one."""

    def __init__(self, client: AsyncClient, token: str | None) -> None:
        self._client = client
        self._token = token

    async def request(self, method: str, path: str, **options: Unpack[RequestOptions]) -> Response:
        headers = dict(options.get("headers", {}))
        if self._token is not None:
            headers.setdefault("Authorization", f"Bearer {self._token}")
        key = options.get("key")
        if method in COMMAND_METHODS and key != "":
            headers.setdefault(IDEMPOTENCY_KEY, key or uuid.uuid4().hex)
        return await self._client.request(
            method,
            path,
            headers=headers,
            params=options.get("params"),
            json=options.get("json"),
            content=options.get("content"),
            data=options.get("data"),
            files=options.get("files"),
        )

    async def get(self, path: str, **options: Unpack[RequestOptions]) -> Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Unpack[RequestOptions]) -> Response:
        return await self.request("POST", path, **options)

    async def put(self, path: str, **options: Unpack[RequestOptions]) -> Response:
        return await self.request("PUT", path, **options)

    async def patch(self, path: str, **options: Unpack[RequestOptions]) -> Response:
        return await self.request("PATCH", path, **options)

    async def delete(self, path: str, **options: Unpack[RequestOptions]) -> Response:
        return await self.request("DELETE", path, **options)


class ApiHarness(Generic[S]):
    """One service's API, opened by ``api_harness``. ``memory`` is its store, unless another database is given."""

    def __init__(
        self, app: FastAPI, client: AsyncClient, api: ApiContext, memory: InMemoryStore, issuer: DevelopmentIssuer
    ) -> None:
        self.app = app
        self.api = api
        self.memory = memory
        self.issuer = issuer
        self.client = client

    def client_as(
        self,
        role: str,
        *,
        organisation: str | None = None,
        prefecture: str | None = None,
        subject: str | None = None,
        person_verified: bool = False,
    ) -> ApiClient:
        token = self.issuer.mint(
            role=role,
            organisation=organisation,
            prefecture=prefecture,
            subject=subject,
            person_verified=person_verified,
        )
        return ApiClient(self.client, token)

    def anonymous(self) -> ApiClient:
        """Return a client without a token."""
        return ApiClient(self.client, None)

    async def perform(self, handler: Handler[M, S], command: M) -> object:
        """Execute a command as a message or another route would, to prepare the documents of a test."""
        store = self.api.store
        return await self.api.commands.execute(
            uuid.uuid4().hex, "", lambda unit, now: handler(command, store(unit), now)
        )

    async def run_jobs(self, jobs: Sequence[Job[Any]], *, polls: int | None = None) -> int:
        """Run these jobs until nothing is due by the API's clock, or for so many polls; return the items done."""

        async def handle(job: Job[Any], item: object) -> bool:
            inbox_id = job.inbox_id(item)
            known = await self.api.database.load(INBOX, [inbox_id])
            await self.api.commands.execute(inbox_id, "", job.call(item, self.api.store))
            return not known

        return await drain(jobs, self.store, self.api.clock.now, handle, polls)

    def store(self) -> S:
        """Return a read-only store of the present documents."""
        store: S = self.api.store(read_only_unit(self.api.database))
        return store

    @property
    def policies(self) -> dict[tuple[str, str], Policy]:
        """The policy of each route, by method and path."""
        return {
            (method, str(context.path_format)): each.call.policy
            for context in iter_route_contexts(self.app.routes)
            for each in getattr(getattr(context, "dependant", None), "dependencies", ())
            if isinstance(each.call, Authorize)
            for method in context.methods or ()
        }

    @property
    def events(self) -> list[Event]:
        """The events committed so far, decoded from the outbox."""
        entries = (entry for document in self.memory.outbox for entry in document["events"])
        return [decode(entry["headers"], entry["body"]).event for entry in entries]


@asynccontextmanager
async def api_harness(  # noqa: PLR0913 - what a service's main.py wires
    service: str,
    router: APIRouter,
    store: Callable[[UnitOfWork], S],
    *,
    aggregates: Mapping[str, str],
    clock: Clock,
    indexes: Sequence[Index] = (),
    body_max: int = MIB,
    state: Mapping[str, object] = MappingProxyType({}),
    database: DocumentStore | None = None,
    tracing: Tracing = NO_TRACING,
) -> AsyncIterator[ApiHarness[S]]:
    """Serve ``router`` as the service does, on an in-memory store unless a ``database`` is given."""
    memory, metrics = InMemoryStore(indexes, service), Metrics()
    documents = database or memory
    committer = GroupCommitter(BatchTransaction(documents, service, aggregates, clock, metrics, tracing=tracing))
    committer.start()
    with TemporaryDirectory() as keys:
        issuer = DevelopmentIssuer(Path(keys), Mode.LOCAL)
        verifier = TokenVerifier(issuer.jwks_file, ISSUER, AUDIENCE)
        api = ApiContext(verifier, CommandExecutor(committer, rulebook), documents, clock, metrics, rulebook, store)
        app = create_app(
            service,
            api,
            router,
            metrics=metrics,
            body_max=body_max,
            state=state,
            tracing=tracing,
        )
        async with AsyncClient(transport=ASGITransport(app), base_url="http://green.invalid") as client:
            yield ApiHarness(app, client, api, memory, issuer)
    await committer.stop()
