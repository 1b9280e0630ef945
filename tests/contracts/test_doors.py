"""The doors of the services: nobody is read before it is known who asks, and no body holds the event loop."""

from __future__ import annotations

import asyncio
import gc
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest
from chassis.http.idempotency import COMMAND_METHODS, IDEMPOTENCY_KEY
from chassis.http.routing import MAX_VALUES
from chassis.settings import MIB
from devkit.api_harness import ApiHarness
from devkit.clock import FixedClock
from devkit.longest_callback import LongestCallback
from messages.values import Role
from starlette.types import Message

from deploy.generate.documents.apis import serve_api
from deploy.services import SERVICES
from tests.contracts.seed import NOW

LONGEST = 100
"""Times that reading the largest permitted number of values takes: each may be refused with a reason of its own."""
FOR_ANYBODY = {("POST", "/v1/notices/{notice_id}/objections"): 40}
"""Commands that people of any role may give, and how many of them one person may in a minute.

Each asks for a person whom the identity provider has verified, and has a small body.
"""


@pytest.fixture(params=SERVICES, ids=lambda service: service.name)
async def api(request: pytest.FixtureRequest) -> AsyncIterator[ApiHarness[Any]]:
    async with serve_api(request.param, FixedClock(NOW)) as harness:
        yield harness


class Sent:
    """One request straight to the application; counts how often its body is asked for."""

    def __init__(self, method: str, path: str, body: bytes, token: str | None = None) -> None:
        headers = {"content-type": "application/json", "content-length": str(len(body)), IDEMPOTENCY_KEY.lower(): "k"}
        headers |= {} if token is None else {"authorization": f"Bearer {token}", "if-match": '"1"'}
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "scheme": "http",
            "http_version": "1.1",
            "root_path": "",
        }
        self.body, self.reads, self.status = body, 0, 0

    async def by(self, api: ApiHarness[Any]) -> int:
        await api.app(self.scope, self._receive, self._send)
        await asyncio.sleep(0)  # so that the next request begins a callback of its own
        return self.status

    async def _receive(self) -> Message:
        self.reads += 1
        if self.reads > 1:
            await asyncio.Event().wait()  # the caller stays
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)


def path_of(template: str) -> str:
    known = {"year": "2026", "number": "1", "prefecture": "150100", "role": "applicant"}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "911501000000000191"), template)


async def test_no_body_is_read_for_a_caller_without_a_token(api: ApiHarness[Any]) -> None:
    for (method, template), policy in api.policies.items():
        if policy.open:
            continue
        for token in (None, "a.b.c"):
            sent = Sent(method, path_of(template), b"{}", token)

            assert await sent.by(api) == 401, (method, template)
            assert sent.reads == 0, (method, template)


def commands_for_anybody(api: ApiHarness[Any]) -> set[tuple[str, str]]:
    return {route for route, policy in api.policies.items() if policy.for_anybody and route[0] in COMMAND_METHODS}


async def test_commands_for_anybody_are_known_and_none_is_given_without_a_verified_person(
    api: ApiHarness[Any],
) -> None:
    for method, template in commands_for_anybody(api):
        verified, strange = (
            api.issuer.mint(role=Role.PUBLIC, subject="citizen", person_verified=each) for each in (True, False)
        )
        limit = FOR_ANYBODY[method, template]
        assert await Sent(method, path_of(template), b"{}").by(api) == 401
        assert await Sent(method, path_of(template), b"{}", strange).by(api) == 403
        statuses = [await Sent(method, path_of(template), b"{}", verified).by(api) for _ in range(limit)]
        assert statuses == [422] * (limit - 1) + [429]  # the stranger's attempt under the same name counts as well
        large = b'{"facts": "' + b"x" * 70_000 + b'"}'
        other = api.issuer.mint(role=Role.EXPERT, subject="expert-1", person_verified=True)
        assert await Sent(method, path_of(template), large, other).by(api) == 413


async def test_the_list_of_commands_for_anybody_is_that_of_the_services() -> None:
    found = set[tuple[str, str]]()
    for service in SERVICES:
        async with serve_api(service, FixedClock(NOW)) as served:
            found |= commands_for_anybody(served)

    assert found == set(FOR_ANYBODY)


def worst_bodies() -> Iterator[bytes]:
    """Yield bodies under a megabyte that are dear to read: values, unknown fields, depth, long texts, invalid rows."""
    yield b"[" + b"1," * (MAX_VALUES - 2) + b"1]"
    yield orjson.dumps({f"k{number}": number for number in range(MAX_VALUES - 2)})
    yield b'{"a":' * 900 + b"1" + b"}" * 900
    yield orjson.dumps(dict.fromkeys(("name", "text", "facts"), "a" * (MIB // 4)))
    yield orjson.dumps({name: [{}] * (MAX_VALUES // 4) for name in ("staff", "indicators", "units", "changed")})
    yield b'{"value":' + b"9" * 4000 + b"}"


async def test_no_body_holds_the_event_loop(api: ApiHarness[Any]) -> None:
    for method, template in api.policies:  # the framework builds a route at its first request
        await Sent(method, path_of(template), b"{}", "a.b.c").by(api)
    gc.collect()
    gc.freeze()  # as a process of ours does at its start; a collection of the whole test run took longer than any body
    with LongestCallback() as longest:
        for (method, template), policy in api.policies.items():
            if method not in COMMAND_METHODS or policy.open:
                continue
            token = api.issuer.mint(
                role=policy.rules[0].role, organisation="911501000000000191", prefecture="150100", subject="li"
            )
            for body in worst_bodies():
                assert await Sent(method, path_of(template), body, token).by(api) < 500, (method, template)
        worst, name = longest.seconds, longest.name
    gc.unfreeze()

    assert worst < LONGEST * reading_time(), name


def reading_time() -> float:
    """Return the time to read a body of the largest number of values, on this machine and now."""
    body = b"[" + b'"abcdefgh",' * (MAX_VALUES - 2) + b"1]"
    rounds = []
    for _ in range(5):
        began = time.thread_time()
        orjson.loads(body)
        [*map(str, orjson.loads(body))]
        rounds.append(time.thread_time() - began)
    return min(rounds)
