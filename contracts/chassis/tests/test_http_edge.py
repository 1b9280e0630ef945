from collections.abc import AsyncIterator

from devkit.api_harness import ApiClient, ApiHarness


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


async def test_health_routes_answer_and_metrics_are_labelled_by_route_template(
    api: ApiHarness, applicant: ApiClient
) -> None:
    await applicant.get("/v1/plans/some-id")

    assert (await api.anonymous().get("/livez")).json() == {"ok": True, "checks": {}}
    assert (await api.anonymous().get("/readyz")).status_code == 200
    exposed = (await api.anonymous().get("/metrics")).text
    assert 'handler="/v1/plans/{plan}"' in exposed
    assert "some-id" not in exposed
