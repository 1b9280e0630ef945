"""The edge of an API: what is refused before any work, and what every answer carries."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random

import orjson
import pytest
from chassis.http.app import create_monitoring_app
from chassis.http.middleware import MAX_PATH
from chassis.http.rates import OpenCommandRates
from chassis.http.routing import MAX_VALUES
from chassis.observability.health import Health
from chassis.observability.logs import PATH_LENGTH
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from httpx2 import ASGITransport, AsyncClient, Response
from messages.values import Role
from starlette.types import Message, Scope

from . import sample_api


async def test_oversized_body_is_refused_with_and_without_content_length(
    applicant: ApiClient,
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    announced = await applicant.post("/v1/plans", json={"title": "x" * 2000})
    streamed = await applicant.post("/v1/plans", content=endless(), headers={"Content-Type": "application/json"})

    for answer in (announced, streamed):
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_upload_route_has_its_own_body_limit(applicant: ApiClient) -> None:
    sizes = (2500, 5000)
    sent = [await applicant.post("/v1/plans/p/files", files={"file": ("f", b"x" * size)}) for size in sizes]

    assert [answer.status_code for answer in sent] == [200, 413]


async def test_malformed_correlation_id_is_replaced(api: ApiHarness) -> None:
    answer = await api.anonymous().get("/v1/announced", headers={"X-Correlation-ID": "a b\tc"})

    assert len(answer.headers["X-Correlation-ID"]) == 32


async def test_health_metrics_and_interface_have_an_application_of_their_own(
    api: ApiHarness, applicant: ApiClient
) -> None:
    await applicant.get("/v1/plans/some-id")
    monitoring = create_monitoring_app("plans", health_of=Health(), metrics=api.api.metrics, documented=api.app)

    async with AsyncClient(transport=ASGITransport(monitoring), base_url="http://green.invalid") as client:
        assert (await client.get("/livez")).json() == {"ok": True, "checks": {}}
        assert (await client.get("/readyz")).status_code == 200
        assert "/v1/plans/{plan}" in (await client.get("/openapi.json")).json()["paths"]
        exposed = (await client.get("/metrics")).text
        assert (await client.get("/v1/plans")).status_code == 404
    assert 'handler="/v1/plans/{plan}"' in exposed
    assert "some-id" not in exposed
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs"):
        assert (await api.anonymous().get(path)).status_code == 404


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND", "M00007", "GETGETGET"])
async def test_method_that_no_route_has_is_refused(api: ApiHarness, method: str) -> None:
    answer = await api.client.request(method, "/v1/plans")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


async def test_no_method_host_or_path_makes_a_metric_series(api: ApiHarness) -> None:
    async def ask(generator: Random) -> int:
        for _ in range(150):
            invented = "".join(generator.choices("ABCXYZ019", k=6))
            method = generator.choice(["GET", "POST", "PUT", "PATCH", "DELETE", invented])
            path = generator.choice(["/v1/plans", f"/v1/plans/{invented}", f"/{invented}", "/v1/announced", "/livez"])
            await api.client.request(method, path, headers={"Host": f"{invented}.example"})
        return sum(len(family.samples) for family in api.api.metrics.registry.collect())

    first, second, third = [await ask(Random(seed)) for seed in (1, 2, 3)]  # noqa: S311 - inventions of a test

    assert (second, third) == (first, first)


@pytest.mark.parametrize("address", ["/v1/plans/" + "a" * MAX_PATH, "/" + "名" * 700, "/v1/plans?after=" + "a" * 9000])
async def test_address_that_is_too_long_is_refused_and_not_recorded(
    applicant: ApiClient, api: ApiHarness, address: str
) -> None:
    answer = await applicant.get(address)

    assert (answer.status_code, answer.json()["code"]) == (414, "address-too-long")
    assert not api.memory.collections.get("audit_denials")


async def test_record_of_a_refused_request_has_a_greatest_size(api: ApiHarness) -> None:
    expert = api.client_as(Role.EXPERT)
    query = "&".join(f"{'k' * 60}{number}={'v' * 60}" for number in range(60))

    assert (await expert.get(f"/v1/plans/{'a' * 1900}?{query}")).status_code == 403

    (recorded,) = api.memory.collections["audit_denials"].values()
    assert len(recorded["path"]) == PATH_LENGTH
    assert len(orjson.dumps(recorded)) < 5000


async def test_no_redirect_names_the_host_of_the_caller(api: ApiHarness) -> None:
    for path in ("/v1/announced/", "/v1/plans/"):
        answer = await api.client.get(path, headers={"Host": "evil.example"})

        assert answer.status_code in {401, 404}
        assert "evil.example" not in f"{answer.headers}{answer.text}"


async def test_every_answer_forbids_guessing_its_type_and_keeping_it(api: ApiHarness, applicant: ApiClient) -> None:
    answers = [
        await applicant.get("/v1/announced"),
        await api.client.get("/none"),
        await applicant.get("/v1/plans"),
        await api.client.get("/v1/plans"),
        await api.client.request("TRACE", "/v1/plans"),
        await api.client.post("/v1/broken"),
        await applicant.post("/v1/plans", json={"title": "x" * 3000}),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 200, 401, 405, 500, 413]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


class Asked:
    """One request straight to the application, with a body that is counted when it is read."""

    def __init__(self, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        given = {"content-type": "application/json", "content-length": str(len(body)), **headers}
        self.scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "scheme": "http",
            "http_version": "1.1",
            "root_path": "",
        }
        self.body = body
        self.reads = 0
        self.status = 0

    async def receive(self) -> Message:
        self.reads += 1
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)

    async def by(self, app: object) -> int:
        await app(dict(self.scope), self.receive, self.send)  # type: ignore[operator]
        return self.status


@pytest.mark.parametrize("token", [None, "Bearer a.b.c", "Basic dXNlcjpwYXNz"])
async def test_body_of_a_caller_without_a_valid_token_is_not_read(api: ApiHarness, token: str | None) -> None:
    headers = {} if token is None else {"authorization": token}
    asked = Asked("POST", "/v1/plans", b'{"title": "x"}', **headers)

    assert await asked.by(api.app) == 401
    assert asked.reads == 0


async def test_body_of_a_role_that_may_not_is_not_read(api: ApiHarness) -> None:
    token = api.issuer.mint(role=Role.EXPERT)
    asked = Asked("POST", "/v1/plans", b'{"title": "x"}', authorization=f"Bearer {token}")

    assert await asked.by(api.app) == 403
    assert asked.reads == 0


async def test_request_without_a_token_costs_little_more_than_one_that_meets_no_route(api: ApiHarness) -> None:
    async def cost(method: str, path: str) -> float:
        rounds = []
        for _ in range(5):
            began = time.process_time()
            for _ in range(100):
                await Asked(method, path, b"[" * 1500).by(api.app)
            rounds.append(time.process_time() - began)
        return min(rounds)

    nothing = await cost("GET", "/none")

    assert await cost("POST", "/v1/plans") < 4 * nothing
    assert await cost("GET", "/v1/plans") < 4 * nothing


@pytest.mark.parametrize(
    "body",
    [
        "[" + "1," * MAX_VALUES + "1]",
        "{" + ",".join(f'"k{n}":1' for n in range(MAX_VALUES + 1)) + "}",
        "[" * MAX_VALUES * 2,
    ],
    ids=["list", "keys", "depth"],
)
async def test_body_of_too_many_values_is_refused_before_it_is_parsed(large_api: ApiHarness, body: str) -> None:
    answer = await post_json(large_api, body)

    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")
    assert str(MAX_VALUES) in answer.json()["title"]


async def test_malformed_body_is_answered_with_its_first_reasons_and_the_number_of_the_others(
    large_api: ApiHarness,
) -> None:
    body = orjson.dumps({"title": "x", **{f"surplus{number}": 1 for number in range(5000)}}).decode()
    answer = await post_json(large_api, body)

    assert answer.status_code == 422
    reasons = answer.json()["reasons"]
    assert (len(reasons), reasons[-1]["code"]) == (101, "too-many-reasons")
    assert "4900" in reasons[-1]["text"]


@pytest.mark.parametrize(
    "body", ["[" * 9000, '{"title":' * 3000, "9" * 5000, "1e999999", '"\\ud800"', "nul", "\ufeff{}"]
)
async def test_body_that_json_cannot_hold_is_refused(large_api: ApiHarness, body: str) -> None:
    answer = await post_json(large_api, body)

    assert answer.status_code in {400, 422}


@pytest.fixture
async def large_api() -> AsyncIterator[ApiHarness]:
    async with api_harness(
        "plans", sample_api.router, sample_api.Store, aggregates={}, clock=FixedClock(sample_api.NOW)
    ) as harness:
        yield harness


async def post_json(api: ApiHarness, body: str) -> Response:
    client = api.client_as(Role.APPLICANT, organisation=sample_api.USCC, prefecture="150100")
    headers = {"Content-Type": "application/json"}
    return await client.post("/v1/plans", content=body.encode(), headers=headers)


async def test_open_command_has_a_rate_and_its_refusal_says_when_to_come_again(api: ApiHarness) -> None:
    few = replace(api.api, rates=OpenCommandRates("100/hour", "2/hour"))
    api.app.state.api = few

    answers = [await api.anonymous().post("/v1/early") for _ in range(3)]
    read = await api.anonymous().get("/v1/announced")

    assert [answer.status_code for answer in answers] == [503, 503, 429]
    assert answers[-1].json()["code"] == "rate-exceeded"
    assert int(answers[-1].headers["Retry-After"]) > 1
    assert read.status_code == 200
