"""Reads: without a body, only when something is new, with no parameter that nobody reads; and where a made thing is."""

from __future__ import annotations

import pytest
from chassis.http.conditional import is_known, tag_of, version_in
from chassis.http.routing import APIRouter, located_at
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from fastapi import Response
from messages.values import Role

from . import sample_api
from .sample_api import CreatePlans, post_plan


async def test_head_answers_as_get_does_without_the_body(applicant: ApiClient, api: ApiHarness) -> None:
    plan = f"/v1/plans/{await post_plan(applicant)}"

    whole, head = await applicant.get(plan), await applicant.request("HEAD", plan)

    of_the_request = {"x-correlation-id"}
    assert (head.status_code, head.content) == (200, b"")
    assert {name: value for name, value in head.headers.items() if name not in of_the_request} == {
        name: value for name, value in whole.headers.items() if name not in of_the_request
    }
    assert int(head.headers["Content-Length"]) == len(whole.content)
    assert (await api.anonymous().request("HEAD", plan)).status_code == 401
    assert (await applicant.request("HEAD", "/v1/plans/none")).status_code == 404


async def test_read_of_what_the_caller_has_answers_without_a_body(applicant: ApiClient) -> None:
    plan = f"/v1/plans/{await post_plan(applicant)}"
    tag = (await applicant.get(plan)).headers["ETag"]

    same = await applicant.get(plan, headers={"If-None-Match": f'"other", W/{tag}'})
    anything = await applicant.get(plan, headers={"If-None-Match": "*"})
    other = await applicant.get(plan, headers={"If-None-Match": '"other"'})
    await applicant.put(plan, json={"title": "New"}, headers={"If-Match": tag})
    changed = await applicant.get(plan, headers={"If-None-Match": tag})

    assert [(each.status_code, each.content) for each in (same, anything)] == [(304, b"")] * 2
    assert same.headers["ETag"] == tag
    assert "content-type" not in same.headers
    assert (other.status_code, changed.status_code) == (200, 200)
    assert changed.json()["title"] == "New"
    assert version_in(changed.headers["ETag"]) == 2


async def test_list_has_a_tag_that_its_content_changes(applicant: ApiClient) -> None:
    await post_plan(applicant, "one")
    tag = (await applicant.get("/v1/plans")).headers["ETag"]

    known = await applicant.get("/v1/plans", headers={"If-None-Match": tag})
    await post_plan(applicant, "two")
    longer = await applicant.get("/v1/plans", headers={"If-None-Match": tag})

    assert (known.status_code, longer.status_code) == (304, 200)
    assert len(longer.json()["items"]) == 2


async def test_refused_read_is_not_answered_as_known(api: ApiHarness) -> None:
    answer = await api.anonymous().get("/v1/plans", headers={"If-None-Match": "*"})

    assert answer.status_code == 401
    assert "ETag" not in answer.headers


async def test_public_read_without_a_token_may_be_kept_and_any_other_answer_not(
    api: ApiHarness, applicant: ApiClient
) -> None:
    public = await api.anonymous().get("/v1/announced")
    own = await applicant.get("/v1/announced")
    commanded = await api.anonymous().post("/v1/early")

    assert (public.headers["Cache-Control"], public.headers["Vary"]) == ("no-cache", "Authorization")
    assert [each.headers["Cache-Control"] for each in (own, commanded)] == ["no-store"] * 2
    assert "Vary" not in own.headers


def test_tag_names_the_version_and_what_was_read() -> None:
    read = tag_of('"3"', b"body")

    assert version_in(read) == version_in('"3"') == 3
    assert read != tag_of('"3"', b"other body") != tag_of(None, b"other body")
    assert tag_of('"a1b2"', b"body") == '"a1b2"'
    assert [version_in(tag) for tag in ('W/"3"', '"three"', "3", '"3-xyz"')] == [None] * 4
    assert all(is_known(read, header) for header in (read, f"W/{read}", f'"a", {read}', "*"))
    assert not any(is_known(read, header) for header in ("", '"3"', "3"))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/plans", "GET, HEAD, POST"),
        ("POST", "/v1/plans/some", "GET, HEAD, PUT"),
        ("PATCH", "/v1/announced", "GET, HEAD"),
        ("OPTIONS", "/v1/plans", "GET, HEAD, POST"),
        ("PROPFIND", "/v1/persons", "POST"),
        ("TRACE", "/v1/nothing", ""),
    ],
)
async def test_refused_method_is_answered_with_all_methods_of_the_address(
    applicant: ApiClient, method: str, path: str, allowed: str
) -> None:
    answer = await applicant.request(method, path)

    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert answer.json()["code"] == "method-not-allowed"


async def test_unknown_query_parameters_are_named_beside_the_known_ones(applicant: ApiClient) -> None:
    answer = await applicant.get("/v1/plans", params={"name": "x", "sort": "title", "limit": "1", "x" * 100: "1"})

    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")
    reasons = answer.json()["reasons"]
    assert [(each["code"], each["evidence"]) for each in reasons] == [
        ("parameter-unknown", "query.name"),
        ("parameter-unknown", "query.sort"),
        ("parameter-unknown", f"query.{'x' * 60}"),
    ]
    assert reasons[0]["text"] == "没有查询参数“name”；可用的查询参数：prefecture、limit、after"


async def test_parameter_of_a_route_that_takes_none_is_refused_and_does_nothing(
    applicant: ApiClient, api: ApiHarness
) -> None:
    answer = await applicant.post("/v1/plans?dry_run=true", json={"title": "Less coal"})

    assert answer.status_code == 422
    assert answer.json()["reasons"][0]["text"] == "没有查询参数“dry_run”；本接口不接受查询参数"
    assert "plans" not in api.memory.collections


async def test_stranger_is_not_told_which_parameters_there_are(api: ApiHarness) -> None:
    assert (await api.anonymous().get("/v1/plans?name=x")).status_code == 401
    assert (await api.client_as(Role.EXPERT).get("/v1/plans?name=x")).status_code == 403


async def test_answer_to_what_was_made_says_where_it_can_be_read() -> None:
    router = APIRouter(prefix="/v1")

    @router.post("/groups/{group}/members", status_code=201, openapi_extra=located_at("/v1/{group}/{name}/{of[day]}"))
    async def add_member(group: str, name: str, response: Response, _context: CreatePlans) -> dict[str, object]:
        if name == "known":
            response.status_code = 200
        return {"size": len(group), "name": name, "of": {"day": "a/b"}}

    async with api_harness(
        "plans", router, sample_api.Store, aggregates={}, clock=FixedClock(sample_api.NOW)
    ) as harness:
        caller = harness.client_as(Role.APPLICANT)
        made = await caller.post("/v1/groups/绿色/members", params={"name": "x y"})
        known = await caller.post("/v1/groups/g/members", params={"name": "known"})

    assert made.headers["Location"] == "/v1/%E7%BB%BF%E8%89%B2/x%20y/a%2Fb"
    assert (known.status_code, "Location" in known.headers) == (200, False)
