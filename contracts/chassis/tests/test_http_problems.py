import pytest
from chassis.http.problems import MEDIA_TYPE
from devkit.api_harness import ApiClient, ApiHarness
from structlog.testing import capture_logs


async def test_refusal_by_a_rule_is_a_problem_document_with_rule_and_article(
    api: ApiHarness, applicant: ApiClient
) -> None:
    answer = await applicant.post("/v1/plans", json={"title": "improper"})

    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (409, MEDIA_TYPE)
    assert (problem["type"], problem["code"]) == ("urn:green:problem:plan-refused", "plan-refused")
    assert problem["reasons"] == [
        {
            "rule": "C2",
            "article": "第八条",
            "code": "title-improper",
            "text": "标题不规范",
            "pointer": "/title",
        }
    ]
    assert problem["instance"] == "/v1/plans"
    assert problem["correlation_id"] == answer.headers["X-Correlation-ID"]
    assert await api.store().plans.find() == []


async def test_malformed_body_is_answered_with_every_error_at_once(applicant: ApiClient) -> None:
    answer = await applicant.post("/v1/plans", json={"measures": [1, "two"], "surplus": "13800138000"})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "request-invalid")
    assert [(each["pointer"], each["code"]) for each in problem["reasons"]] == [
        ("/title", "missing"),
        ("/measures/1", "int-parsing"),
        ("/surplus", "extra-forbidden"),
    ]
    assert "13800138000" not in answer.text


async def test_malformed_body_prescribed_by_a_rule_is_answered_with_rule_and_article(applicant: ApiClient) -> None:
    answer = await applicant.put("/v1/plans/p-1", json={"measures": "none"})

    assert answer.status_code == 422
    assert {(each["rule"], each["article"]) for each in answer.json()["reasons"]} == {("C2", "第八条")}


async def test_validation_error_of_a_service_keeps_its_own_text(applicant: ApiClient) -> None:
    answer = await applicant.post("/v1/plans", json={"title": "blank"})

    assert answer.json()["reasons"] == [{"code": "title-blank", "text": "标题不得为空白", "pointer": "/title"}]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"title": "\\ud800"}', b"[" * 1500, b'"text"', b""])
async def test_unreadable_body_is_a_client_error(applicant: ApiClient, body: bytes) -> None:
    answer = await applicant.post("/v1/plans", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == MEDIA_TYPE


async def test_unexpected_error_reveals_only_its_correlation_id(api: ApiHarness) -> None:
    with capture_logs() as lines:
        answer = await api.anonymous().post("/v1/broken", headers={"X-Correlation-ID": "known-to-caller"})

    assert (answer.status_code, answer.headers["content-type"]) == (500, MEDIA_TYPE)
    assert "secret" not in answer.text
    assert answer.json()["correlation_id"] == "known-to-caller" == answer.headers["X-Correlation-ID"]
    assert [(line["event"], line["path"]) for line in lines] == [("request failed", "/v1/broken")]


async def test_transient_error_is_answered_with_retry_after(api: ApiHarness) -> None:
    answer = await api.anonymous().post("/v1/early")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


async def test_unknown_paths_and_methods_are_problems_too(api: ApiHarness) -> None:
    absent = await api.anonymous().get("/v1/nowhere")
    wrong = await api.anonymous().delete("/v1/announced")

    assert (absent.status_code, absent.json()["code"]) == (404, "not-found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")


async def test_openapi_document_shows_every_refusal_and_the_idempotency_key(api: ApiHarness) -> None:
    document = api.app.openapi()

    post = document["paths"]["/v1/plans"]["post"]
    assert {"201", "400", "401", "403", "409", "413", "422", "500", "503"} <= set(post["responses"])
    assert not {"412", "415", "428", "429"} & set(post["responses"])
    assert "plan-refused" in str(post["responses"]["409"])
    assert [each["name"] for each in post["parameters"]] == ["Idempotency-Key"]
    assert post["security"] == [{"HTTPBearer": []}]
    assert "Problem" in document["components"]["schemas"]
    assert "ProblemReason" in document["components"]["schemas"]
    assert not {"/livez", "/readyz", "/metrics"} & set(document["paths"])
