from hashlib import sha256

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Role

from .sample_api import post_plan


async def test_command_is_answered_after_its_commit(api: ApiHarness, applicant: ApiClient) -> None:
    plan = await post_plan(applicant)

    assert (await api.store().plans.require(plan)).title == "Less coal"


async def test_repeated_request_with_the_same_key_is_executed_once(api: ApiHarness, applicant: ApiClient) -> None:
    first = await applicant.post("/v1/plans", json={"title": "Less coal"}, key="k-1")
    second = await applicant.post("/v1/plans", json={"title": "Less coal"}, key="k-1")

    assert first.json() == second.json()
    assert len(await api.store().plans.find()) == 1


async def test_same_key_with_another_request_is_refused(api: ApiHarness, applicant: ApiClient) -> None:
    await applicant.post("/v1/plans", json={"title": "Less coal"}, key="k-1")

    answer = await applicant.post("/v1/plans", json={"title": "More wind"}, key="k-1")

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-reused")
    assert len(await api.store().plans.find()) == 1


async def test_stored_digest_of_a_private_request_is_keyed(api: ApiHarness, applicant: ApiClient) -> None:
    first = await applicant.post("/v1/persons", json={"number": "150101198001010018"}, key="k-3")
    again = await applicant.post("/v1/persons", json={"number": "150101198001010018"}, key="k-3")
    other = await applicant.post("/v1/persons", json={"number": "15010119800101002X"}, key="k-3")

    (row,) = api.memory.collections["inbox"].values()
    body = b'{"number":"150101198001010018"}'
    words = b"\0".join([b"POST", b"/v1/persons", b"", b""]) + b"\0"
    assert row["digest"] != sha256(words + body).hexdigest()
    assert (first.status_code, again.json(), other.status_code) == (200, first.json(), 409)


async def test_two_callers_may_choose_the_same_key(api: ApiHarness, applicant: ApiClient) -> None:
    other = api.client_as(Role.APPLICANT, organisation="91150200MA0000002B", prefecture="150200")
    for caller in (applicant, other):
        assert (await caller.post("/v1/plans", json={"title": "Less coal"}, key="k-1")).status_code == 201

    assert len(await api.store().plans.find()) == 2


@pytest.mark.parametrize("key", ["", "two words", "x" * 129])
async def test_command_without_a_usable_key_is_refused(applicant: ApiClient, key: str) -> None:
    answer = await applicant.post("/v1/plans", json={"title": "x"}, headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


async def test_upload_repeated_with_a_new_boundary_is_the_same_request(applicant: ApiClient) -> None:
    sent = [
        await applicant.post("/v1/plans/p/files", files={"file": ("plan.xlsx", content)}, key="k-2")
        for content in (b"one", b"one", b"two")
    ]

    assert [answer.status_code for answer in sent] == [200, 200, 409]
    assert sent[0].json() == sent[1].json()


async def test_recorded_refusal_keeps_its_writes_and_is_repeated(api: ApiHarness, applicant: ApiClient) -> None:
    answers = [await applicant.post("/v1/plans", json={"title": "ineligible"}, key="k-3") for _ in range(2)]

    assert [answer.json()["code"] for answer in answers] == ["plan-ineligible"] * 2
    assert len(await api.store().plans.find()) == 1


async def test_edit_requires_the_current_version(applicant: ApiClient) -> None:
    plan = f"/v1/plans/{await post_plan(applicant)}"
    seen = (await applicant.get(plan)).headers["ETag"]

    blind = await applicant.put(plan, json={"title": "Blind"})
    first = await applicant.put(plan, json={"title": "First"}, headers={"If-Match": seen})
    late = await applicant.put(plan, json={"title": "Late"}, headers={"If-Match": seen})
    odd = await applicant.put(plan, json={"title": "Odd"}, headers={"If-Match": 'W/"1"'})

    assert [each.status_code for each in (blind, first, late, odd)] == [428, 200, 412, 400]
    assert (await applicant.get(plan)).json()["title"] == "First"


async def test_version_that_a_command_does_not_compare_is_not_ignored(api: ApiHarness, applicant: ApiClient) -> None:
    named = await applicant.post("/v1/plans", json={"title": "Less coal"}, headers={"If-Match": '"1"'})
    any_version = await applicant.post("/v1/plans", json={"title": "Less coal"}, headers={"If-Match": "*"})

    assert (named.status_code, named.json()["code"], any_version.status_code) == (412, "version-not-compared", 201)
    assert len(await api.store().plans.find()) == 1
