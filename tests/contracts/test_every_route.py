"""Rules that hold for every route of every service, asked of each by the table of its routes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from string import Formatter
from typing import Any, NamedTuple

import pytest
from chassis.http.conditional import is_known
from chassis.http.idempotency import COMMAND_METHODS
from chassis.http.parameters import query_parameters
from chassis.http.routing import LOCATION
from chassis.security import Policy
from devkit.api_harness import ApiClient, ApiHarness
from devkit.clock import FixedClock
from fastapi.routing import iter_route_contexts
from messages.values import Prefecture, Role

from deploy.generate.documents.apis import serve_api
from deploy.services import SERVICES
from tests.contracts.seed import ASSESSORS, NOW, seed
from tests.contracts.test_doors import path_of

OF_THE_REQUEST = {"x-correlation-id"}


class Route(NamedTuple):
    """One method of one address, with what its function says of it."""

    method: str
    template: str
    policy: Policy
    known: tuple[str, ...]
    status: int | None
    location: str | None

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


@pytest.fixture(params=SERVICES, ids=lambda service: service.name)
async def api(request: pytest.FixtureRequest) -> AsyncIterator[ApiHarness[Any]]:
    async with serve_api(request.param, FixedClock(NOW)) as harness:
        await seed(request.param, harness)
        yield harness


def routes(api: ApiHarness[Any]) -> Iterator[Route]:
    for context in iter_route_contexts(api.app.routes):
        for method in context.methods or ():
            policy = api.policies.get((method, str(context.path_format)))
            if policy is not None:
                extra = context.openapi_extra or {}
                known = query_parameters(context.dependant, extra)
                template = str(context.path_format)
                yield Route(method, template, policy, known, context.status_code, extra.get(LOCATION))


def caller_of(route: Route, api: ApiHarness[Any]) -> ApiClient:
    """A caller whom the policy of the route admits."""
    role = next(iter(route.policy.rules)).role
    if role is Role.PUBLIC:
        return api.anonymous() if route.policy.open else api.client_as(role, subject="somebody", person_verified=True)
    return api.client_as(role, organisation=ASSESSORS[0], prefecture=Prefecture.HOHHOT, subject="somebody")


async def test_every_route_refuses_the_parameters_that_it_does_not_take_and_names_those_it_does(
    api: ApiHarness[Any],
) -> None:
    asked = 0
    for route in routes(api):
        answer = await caller_of(route, api).request(
            route.method, f"{path_of(route.template)}?updated_since=1&sorted=x"
        )

        reasons = answer.json()["reasons"]
        assert (answer.status_code, [each["code"] for each in reasons]) == (422, ["parameter-unknown"] * 2), route.name
        assert "updated_since" in reasons[0]["text"], route.name
        assert [name for name in route.known if name not in reasons[0]["text"]] == [], route.name
        assert re.search(r"[\u4e00-\u9fff]", reasons[0]["text"]), route.name
        asked += 1
    assert asked == len(api.policies) > 5


async def test_every_read_answers_a_head_alike_and_a_caller_who_has_it_without_a_body(api: ApiHarness[Any]) -> None:
    read = 0
    for route in routes(api):
        if route.method != "GET":
            continue
        caller, path = caller_of(route, api), path_of(route.template)
        whole, head = await caller.get(path), await caller.request("HEAD", path)

        assert (head.status_code, head.content) == (whole.status_code, b""), route.name
        assert headers_of(head) == headers_of(whole), route.name
        if whole.status_code == 200:
            again = await caller.get(path, headers={"If-None-Match": whole.headers["ETag"]})
            now = await caller.get(path)
            if not is_known(whole.headers["ETag"], now.headers["ETag"]):
                continue  # it has changed by itself, as the audit log does by being read
            assert (again.status_code, again.content) == (304, b""), route.name
            assert again.headers["ETag"] == whole.headers["ETag"], route.name
            read += 1
    assert read > 2


def headers_of(answer: Any) -> dict[str, str]:  # noqa: ANN401 - httpx's response
    """The headers that do not name the request; those of an address whose content changes by itself are its names."""
    changing = {"etag", "content-length"} if "audit-log" in str(answer.url) else set()
    return {name: value for name, value in answer.headers.items() if name not in OF_THE_REQUEST | changing}


async def test_every_address_names_all_its_methods_to_who_asks_for_another(api: ApiHarness[Any]) -> None:
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for route in routes(api):
        methods[route.template].add(route.method)
    for template, offered in methods.items():
        missing = next(each for each in (*COMMAND_METHODS, "OPTIONS") if each not in offered)
        answer = await api.anonymous().request(missing, path_of(template))

        if answer.status_code == 405:
            named = set(answer.headers["Allow"].split(", "))
            assert named >= offered | ({"HEAD"} if "GET" in offered else set()), template
        else:  # another address of this form has the method
            assert answer.status_code in {401, 422}, template


async def test_every_answer_that_something_was_made_names_an_address_that_can_be_read(api: ApiHarness[Any]) -> None:
    readable = {route.template for route in routes(api) if route.method == "GET"}
    shapes = {re.sub(r"\{[^}]*\}", "{}", template) for template in readable}
    for route in routes(api):
        if route.status == 201:
            assert route.location is not None, route.name
            assert re.sub(r"\{[^}]*\}", "{}", route.location) in shapes, route.name
            made = schema_of_reply(api, route)
            fields = {str(name).partition("[")[0] for _, name, _, _ in Formatter().parse(route.location) if name}
            assert fields <= {*made, *re.findall(r"\{(\w+)", route.template)}, route.name


def schema_of_reply(api: ApiHarness[Any], route: Route) -> set[str]:
    document = api.app.openapi()
    reply = document["paths"][route.template][route.method.lower()]["responses"]["201"]
    schema = reply["content"]["application/json"]["schema"]
    named = [schema, *schema.get("anyOf", ())]
    parts = [document["components"]["schemas"][each["$ref"].rpartition("/")[2]] for each in named if "$ref" in each]
    return {name for part in parts for name in part["properties"]}
