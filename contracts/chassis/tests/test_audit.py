from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from chassis.clock import SystemClock
from chassis.handling import TransientError
from chassis.persistence.unit_of_work import ChangeSet, DocumentStore
from chassis.security.audit import AUDIT_INDEXES, COLLECTIONS
from devkit import InMemoryStore, sample
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import Role

from . import sample_api
from .sample_api import USCC, post_plan

Records = list[dict[str, Any]]


class FailingStore(InMemoryStore):
    """A store that cannot save once a test has broken it."""

    broken = False

    async def commit(self, commit: ChangeSet) -> None:
        if self.broken:
            raise TransientError("the database does not answer")
        await super().commit(commit)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(sample_api.NOW)


@pytest.fixture
async def api(document_store: DocumentStore, clock: FixedClock) -> AsyncIterator[ApiHarness]:
    """The sample API on each kind of store."""
    async with api_harness(
        "plans", sample_api.router, sample_api.Store, aggregates={}, clock=clock, database=document_store
    ) as harness:
        yield harness


@pytest.fixture
def wang(api: ApiHarness) -> ApiClient:
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture="150100", subject="wang")


@pytest.fixture
def li(api: ApiHarness) -> ApiClient:
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture="150200", subject="li")


@pytest.fixture
def readers(wang: ApiClient, li: ApiClient) -> tuple[ApiClient, ApiClient]:
    return wang, li


async def post_plan_as_applicant(api: ApiHarness) -> str:
    return await post_plan(api.client_as(Role.APPLICANT, organisation=USCC, prefecture="150100"))


async def list_records(api: ApiHarness, **asked: str) -> Records:
    """Records that an operator finds, without those of the operator's own reading."""
    answer = await api.client_as(Role.OPERATOR, subject="operator").get("/v1/audit-log", params=asked)
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"] if each["subject"] != "operator"]


@pytest.mark.rule("P2")
async def test_protected_read_is_recorded_with_subject_resource_and_policy(api: ApiHarness, wang: ApiClient) -> None:
    plan = await post_plan_as_applicant(api)

    answer = await wang.get(f"/v1/protected/{plan}", params={"year": "2026"})

    assert answer.status_code == 200
    assert await list_records(api) == [
        {
            "kind": "read",
            "at": "2026-03-01T08:00:00Z",
            "subject": "wang",
            "roles": ["prefecture_officer"],
            "organisation": None,
            "prefecture": "150100",
            "policy": "read-plan-protected",
            "method": "GET",
            "path": f"/v1/protected/{plan}",
            "query": "year=2026",
            "code": None,
            "correlation_id": answer.headers["X-Correlation-ID"],
        }
    ]


@pytest.mark.rule("P2")
async def test_unprotected_read_leaves_no_record(api: ApiHarness, wang: ApiClient) -> None:
    plan = await post_plan_as_applicant(api)

    assert (await wang.get(f"/v1/plans/{plan}")).status_code == 200

    assert await list_records(api) == []


@pytest.mark.rule("P2")
async def test_reads_and_refusals_are_listed_together_newest_first(
    api: ApiHarness, wang: ApiClient, li: ApiClient, clock: FixedClock
) -> None:
    plan = await post_plan_as_applicant(api)
    for minute, caller in enumerate((wang, li, wang, api.client_as(Role.EXPERT, subject="zhao"))):
        clock.move_to(sample_api.NOW + timedelta(minutes=minute))
        await caller.get(f"/v1/protected/{plan}")

    found = [(each["subject"], each["kind"], each["code"]) for each in await list_records(api)]

    assert found[0] == ("zhao", "denial", "role-not-allowed")
    assert found[1] == ("wang", "read", None)
    assert sorted(found[2:4], key=str) == [("li", "denial", "outside-own-scope"), ("li", "read", None)]
    assert found[4:] == [("wang", "read", None)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"subject": "wang"}, {("wang", "read")}),
        ({"kind": "denial"}, {("li", "denial")}),
        ({"kind": "read"}, {("wang", "read"), ("li", "read")}),
        ({"since": "2026-03-01T08:01:00Z"}, {("li", "read"), ("li", "denial")}),
        ({"since": "2026-03-01T16:01:00+08:00", "kind": "read", "subject": "li"}, {("li", "read")}),
        ({"since": "2026-03-02T08:00:00Z"}, set()),
    ],
)
async def test_operator_filters_records_by_subject_kind_and_time(
    api: ApiHarness,
    readers: tuple[ApiClient, ApiClient],
    clock: FixedClock,
    asked: Mapping[str, str],
    expected: object,
) -> None:
    plan = await post_plan_as_applicant(api)
    for minute, reader in enumerate(readers):
        clock.move_to(sample_api.NOW + timedelta(minutes=minute))
        await reader.get(f"/v1/protected/{plan}")

    assert {(each["subject"], each["kind"]) for each in await list_records(api, **asked)} == expected


async def test_pages_of_records_hold_each_record_once(
    api: ApiHarness, wang: ApiClient, li: ApiClient, clock: FixedClock
) -> None:
    plan = await post_plan_as_applicant(api)
    for minute in range(3):
        clock.move_to(sample_api.NOW + timedelta(minutes=minute))
        for caller in (wang, li):
            await caller.get(f"/v1/protected/{plan}")

    operator = api.client_as(Role.OPERATOR, subject="operator")
    seen: Records = []
    after: dict[str, str] = {}
    while True:
        page = (await operator.get("/v1/audit-log", params={"limit": "2", **after})).json()
        seen += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    found = [(each["at"], each["subject"], each["kind"]) for each in seen if each["subject"] != "operator"]
    assert len(found) == len(set(found)) == 9
    assert [at for at, *_ in found] == sorted((at for at, *_ in found), reverse=True)


async def test_reading_the_records_is_recorded(api: ApiHarness) -> None:
    await list_records(api)

    found = (await api.client_as(Role.OPERATOR, subject="second").get("/v1/audit-log")).json()["items"]

    assert [(each["subject"], each["policy"]) for each in found if each["subject"] == "operator"] == [
        ("operator", "read-audit-log")
    ]


@pytest.mark.rule("P2")
async def test_only_operators_may_read_the_records(api: ApiHarness, wang: ApiClient) -> None:
    assert (await wang.get("/v1/audit-log")).status_code == 403
    assert (await api.anonymous().get("/v1/audit-log")).status_code == 401


async def test_recorded_query_masks_names_numbers_and_personal_values(api: ApiHarness, wang: ApiClient) -> None:
    plan = await post_plan_as_applicant(api)

    sent = {"name": "张三", "number": "150102199003078888", "phone": "13947112233", "on": "2026-03-01", "王": "x"}
    await wang.get(f"/v1/protected/{plan}", params=sent)

    (record,) = await list_records(api)
    assert record["query"] == "name=***&number=***&phone=***&on=2026-03-01&***=x"


@pytest.mark.rule("P2")
async def test_record_expires_three_years_later_by_the_database_clock_whatever_the_business_clock_shows(
    api: ApiHarness, document_store: DocumentStore, wang: ApiClient, li: ApiClient, clock: FixedClock
) -> None:
    plan = await post_plan_as_applicant(api)
    clock.move_to(sample_api.NOW - timedelta(days=20 * 365))
    for caller in (wang, li):
        await caller.get(f"/v1/protected/{plan}")

    for collection in COLLECTIONS.values():
        (expiring,) = (each for each in AUDIT_INDEXES if each.collection == collection and each.ttl_seconds)
        records = await document_store.find(collection, {}, (), 0)
        assert records
        for record in records:
            goes = record[expiring.keys[0][0]] + timedelta(seconds=expiring.ttl_seconds or 0)
            assert goes - SystemClock().now() > timedelta(days=3 * 365 - 1)


@pytest.mark.rule("P2")
async def test_protected_read_that_cannot_be_recorded_is_not_answered(clock: FixedClock) -> None:
    memory = FailingStore(sample.INDEXES)
    async with api_harness(
        "plans", sample_api.router, sample_api.Store, aggregates={}, clock=clock, database=memory
    ) as api:
        plan = await post_plan_as_applicant(api)
        wang = api.client_as(Role.PREFECTURE_OFFICER, prefecture="150100")
        memory.broken = True

        answers = [await wang.get(f"/v1/{kind}/{plan}") for kind in ("plans", "protected")]

    assert [answer.status_code for answer in answers] == [200, 503]
    assert "Less coal" not in answers[1].text


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_instant_outside_the_calendar_is_malformed(api: ApiHarness, since: str) -> None:
    answer = await api.client_as(Role.OPERATOR).get("/v1/audit-log", params={"since": since})

    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")
