"""Calls to the services' APIs; every command has its own idempotency key, so that repeating it changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack

import httpx2
from anyio import Path as AsyncPath

from deploy.demo.actors import Actor, Tokens
from deploy.demo.personas import YEAR
from deploy.demo.stack import Stack

T = TypeVar("T")
Json = dict[str, Any]
"""A JSON object as the services answer it; the demo reads only the fields it names."""

AT_ONCE = 12
"""Requests in flight: enough to keep two cores busy, few enough to be answered soon."""
CALL_SECONDS, WAIT_SECONDS = 30.0, 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
TRIES = 6
REFUSED, FAILED, BUSY = 400, 500, 503
PAGE = 200


class UnexpectedAnswerError(Exception):
    """A service gave an answer with which the season cannot continue."""


class TimedOutError(Exception):
    """An expected effect did not appear in time."""


class RequestParts(TypedDict, total=False):
    """Parts of a request beside its address."""

    params: Mapping[str, str | int]
    json: object
    files: Mapping[str, tuple[str, bytes, str]]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    status: int
    body: Json

    @property
    def refused(self) -> bool:
        return self.status >= REFUSED


class Calls:
    """Calls the services as any of the personas."""

    def __init__(self, stack: Stack, client: httpx2.AsyncClient) -> None:
        self._stack = stack
        self._client = client
        self._tokens = Tokens(stack.keys)
        self._turns = asyncio.Semaphore(AT_ONCE)

    def as_person(self, actor: Actor) -> Caller:
        return Caller(self, {"Authorization": f"Bearer {self._tokens.of(actor)}"})

    @property
    def anonymous(self) -> Caller:
        """Return a caller without a token: the public."""
        return Caller(self, {})

    async def send(self, method: str, service: str, path: str, **sent: Unpack[RequestParts]) -> httpx2.Response:
        """Send, and send again where the first result is unknown: the idempotency key makes that harmless.

        A service that has too much to do at the moment (503 with Retry-After) is asked until it has not.
        """
        url = f"{self._stack.services[service]}/v1{path}"
        ends = time.monotonic() + WAIT_SECONDS
        attempt = 0
        while attempt < TRIES:
            attempt += 1
            try:
                async with self._turns:
                    response = await self._client.request(method, url, **sent)
            except httpx2.TransportError as problem:
                if attempt == TRIES:
                    raise UnexpectedAnswerError(f"{method} {url}: {problem!r}") from problem
            else:
                busy = response.status_code == BUSY and "Retry-After" in response.headers
                if busy and time.monotonic() < ends:
                    attempt = 1
                elif response.status_code < FAILED or attempt == TRIES:
                    return response
            await asyncio.sleep(FIRST_PAUSE * 2**attempt)
        raise AssertionError("the last try returns or raises")


@dataclass(frozen=True)
class Caller:
    """One actor at the APIs."""

    _calls: Calls
    _headers: Mapping[str, str]

    async def get(self, service: str, path: str, **params: str | int) -> Json:
        response = await self._calls.send("GET", service, path, params=params, headers=self._headers)
        if response.status_code >= REFUSED:
            raise UnexpectedAnswerError(_description(response))
        # A list answers with an array; callers read it by name.
        found = response.json()
        return found if isinstance(found, dict) else {"items": found}

    async def all(self, service: str, path: str, **params: str | int) -> list[Json]:
        """Return every item of a paged list."""
        found: list[Json] = []
        following: dict[str, str | int] = {}
        while True:
            page = await self.get(service, path, **params, **following, limit=PAGE)
            found += page["items"]
            if not page["next"]:
                return found
            following = {"after": page["next"]}

    async def post(
        self, service: str, path: str, key: str, body: object = None, *, may_be_refused: bool = False
    ) -> Answer:
        """Perform a command; raises UnexpectedAnswerError on a refusal, unless it ``may_be_refused``."""
        return await self._command("POST", service, path, key, may_be_refused=may_be_refused, json=body)

    async def put(self, service: str, path: str, key: str, body: object) -> Answer:
        return await self._command("PUT", service, path, key, json=body)

    async def send_file(
        self, service: str, path: str, key: str, file: Path, params: Mapping[str, str | int] | None = None
    ) -> Answer:
        content = await AsyncPath(file).read_bytes()
        files = {"file": (file.name, content, "application/octet-stream")}
        return await self._command("POST", service, path, key, files=files, params=params or {})

    async def _command(
        self,
        method: str,
        service: str,
        path: str,
        key: str,
        *,
        may_be_refused: bool = False,
        **sent: Unpack[RequestParts],
    ) -> Answer:
        sent["headers"] = {**self._headers, "Idempotency-Key": f"demo-{YEAR}:{key}"}
        response = await self._calls.send(method, service, path, **sent)
        if response.status_code >= REFUSED and not (may_be_refused and response.status_code < FAILED):
            raise UnexpectedAnswerError(_description(response))
        return Answer(response.status_code, response.json() if response.content else {})


async def until(happened: Callable[[], Awaitable[T | None]], what: str, seconds: float = WAIT_SECONDS) -> T:
    """Poll until ``happened`` returns a value; raises TimedOutError after ``seconds``."""
    ends, pause = time.monotonic() + seconds, FIRST_PAUSE
    while time.monotonic() < ends:
        found = await happened()
        if found is not None:
            return found
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
    raise TimedOutError(f"in {seconds:.0f} s: {what}")


@asynccontextmanager
async def calling(stack: Stack) -> AsyncIterator[Calls]:
    limits = httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    # Calls stay on this machine, whatever proxies its environment names.
    async with httpx2.AsyncClient(timeout=CALL_SECONDS, limits=limits, trust_env=False) as client:
        yield Calls(stack, client)


def _description(response: httpx2.Response) -> str:
    return f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:2000]}"
