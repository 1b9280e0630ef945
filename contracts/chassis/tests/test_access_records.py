from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from chassis.clock import FixedClock, SystemClock
from chassis.handling import TransientError
from chassis.persistence.unit_of_work import ChangeSet, DocumentStore
from chassis.security.audit import COLLECTIONS, RECORD_INDEXES
from devkit import InMemoryStore, sample
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from messages.values import Role

from . import plans
from .plans import USCC, filed

Shown = list[dict[str, Any]]


class Failing(InMemoryStore):
    """A store that cannot save, once it is told so."""

    broken = False

    async def commit(self, commit: ChangeSet) -> None:
        if self.broken:
            raise TransientError("the database does not answer")
        await super().commit(commit)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(plans.NOW)


@pytest.fixture
async def served(backing: DocumentStore, clock: FixedClock) -> AsyncIterator[ApiHarness]:
    """The plans on each kind of store."""
    async with api_harness("plans", plans.router, aggregates={}, clock=clock, backing=backing) as stand:
        yield stand


@pytest.fixture
def wang(served: ApiHarness) -> ApiClient:
    return served.client_as(Role.PREFECTURE_OFFICER, prefecture="150100", subject="wang")


@pytest.fixture
def li(served: ApiHarness) -> ApiClient:
    return served.client_as(Role.PREFECTURE_OFFICER, prefecture="150200", subject="li")


@pytest.fixture
def readers(wang: ApiClient, li: ApiClient) -> tuple[ApiClient, ApiClient]:
    return wang, li


async def plan_of(served: ApiHarness) -> str:
    return await filed(served.client_as(Role.APPLICANT, organisation=USCC, prefecture="150100"))


async def shown(served: ApiHarness, **asked: str) -> Shown:
    """What operators find, without their own looking."""
    answer = await served.client_as(Role.OPERATOR, subject="operator").get("/v1/access-records", params=asked)
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"] if each["subject"] != "operator"]


@pytest.mark.rule("P2")
async def test_a_read_of_protected_data_leaves_who_read_what_and_under_which_policy(
    served: ApiHarness, wang: ApiClient
) -> None:
    plan = await plan_of(served)

    answer = await wang.get(f"/v1/protected/{plan}", params={"year": "2026"})

    assert answer.status_code == 200
    assert await shown(served) == [
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
async def test_what_is_not_protected_leaves_no_record(served: ApiHarness, wang: ApiClient) -> None:
    plan = await plan_of(served)

    assert (await wang.get(f"/v1/plans/{plan}")).status_code == 200

    assert await shown(served) == []


@pytest.mark.rule("P2")
async def test_reads_and_refusals_are_one_list_the_newest_first(
    served: ApiHarness, wang: ApiClient, li: ApiClient, clock: FixedClock
) -> None:
    plan = await plan_of(served)
    for minute, caller in enumerate((wang, li, wang, served.client_as(Role.EXPERT, subject="zhao"))):
        clock.move_to(plans.NOW + timedelta(minutes=minute))
        await caller.get(f"/v1/protected/{plan}")

    found = [(each["subject"], each["kind"], each["code"]) for each in await shown(served)]

    assert found[0] == ("zhao", "refusal", "role-not-allowed")
    assert found[1] == ("wang", "read", None)
    assert sorted(found[2:4], key=str) == [("li", "read", None), ("li", "refusal", "outside-own-scope")]
    assert found[4:] == [("wang", "read", None)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"subject": "wang"}, {("wang", "read")}),
        ({"kind": "refusal"}, {("li", "refusal")}),
        ({"kind": "read"}, {("wang", "read"), ("li", "read")}),
        ({"since": "2026-03-01T08:01:00Z"}, {("li", "read"), ("li", "refusal")}),
        ({"since": "2026-03-01T16:01:00+08:00", "kind": "read", "subject": "li"}, {("li", "read")}),
        ({"since": "2026-03-02T08:00:00Z"}, set()),
    ],
)
async def test_an_operator_asks_for_a_subject_a_kind_or_a_time(
    served: ApiHarness,
    readers: tuple[ApiClient, ApiClient],
    clock: FixedClock,
    asked: Mapping[str, str],
    expected: object,
) -> None:
    plan = await plan_of(served)
    for minute, reader in enumerate(readers):
        clock.move_to(plans.NOW + timedelta(minutes=minute))
        await reader.get(f"/v1/protected/{plan}")

    assert {(each["subject"], each["kind"]) for each in await shown(served, **asked)} == expected


async def test_the_list_comes_in_pages_that_hold_each_record_once(
    served: ApiHarness, wang: ApiClient, li: ApiClient, clock: FixedClock
) -> None:
    plan = await plan_of(served)
    for minute in range(3):
        clock.move_to(plans.NOW + timedelta(minutes=minute))
        for caller in (wang, li):
            await caller.get(f"/v1/protected/{plan}")

    operator = served.client_as(Role.OPERATOR, subject="operator")
    seen: Shown = []
    after: dict[str, str] = {}
    while True:
        page = (await operator.get("/v1/access-records", params={"limit": "2", **after})).json()
        seen += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    found = [(each["at"], each["subject"], each["kind"]) for each in seen if each["subject"] != "operator"]
    assert len(found) == len(set(found)) == 9
    assert [at for at, *_ in found] == sorted((at for at, *_ in found), reverse=True)


async def test_looking_at_the_records_is_recorded_too(served: ApiHarness) -> None:
    await shown(served)

    found = (await served.client_as(Role.OPERATOR, subject="second").get("/v1/access-records")).json()["items"]

    assert [(each["subject"], each["policy"]) for each in found if each["subject"] == "operator"] == [
        ("operator", "read-access-records")
    ]


@pytest.mark.rule("P2")
async def test_only_operators_see_who_asked_for_what(served: ApiHarness, wang: ApiClient) -> None:
    assert (await wang.get("/v1/access-records")).status_code == 403
    assert (await served.anonymous().get("/v1/access-records")).status_code == 401


async def test_of_what_was_searched_for_only_codes_are_recorded(served: ApiHarness, wang: ApiClient) -> None:
    plan = await plan_of(served)

    sent = {"name": "张三", "number": "150102199003078888", "phone": "13947112233", "on": "2026-03-01", "王": "x"}
    await wang.get(f"/v1/protected/{plan}", params=sent)

    (record,) = await shown(served)
    assert record["query"] == "name=***&number=***&phone=***&on=2026-03-01&***=x"


@pytest.mark.rule("P2")
async def test_a_record_is_kept_three_years_by_the_servers_clock_whatever_day_the_services_clock_shows(
    served: ApiHarness, backing: DocumentStore, wang: ApiClient, li: ApiClient, clock: FixedClock
) -> None:
    plan = await plan_of(served)
    clock.move_to(plans.NOW - timedelta(days=20 * 365))
    for caller in (wang, li):
        await caller.get(f"/v1/protected/{plan}")

    for collection in COLLECTIONS.values():
        (limited,) = (each for each in RECORD_INDEXES if each.collection == collection and each.ttl_seconds)
        records = await backing.find(collection, {}, (), 0)
        assert records
        for record in records:
            goes = record[limited.keys[0][0]] + timedelta(seconds=limited.ttl_seconds or 0)
            assert goes - SystemClock().now() > timedelta(days=3 * 365 - 1)


@pytest.mark.rule("P2")
async def test_what_cannot_be_recorded_is_not_answered(clock: FixedClock) -> None:
    memory = Failing(sample.INDEXES)
    async with api_harness("plans", plans.router, aggregates={}, clock=clock, backing=memory) as served:
        plan = await plan_of(served)
        wang = served.client_as(Role.PREFECTURE_OFFICER, prefecture="150100")
        memory.broken = True

        answers = [await wang.get(f"/v1/{kind}/{plan}") for kind in ("plans", "protected")]

    assert [answer.status_code for answer in answers] == [200, 503]
    assert "Less coal" not in answers[1].text


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_an_instant_outside_the_calendar_is_malformed(served: ApiHarness, since: str) -> None:
    answer = await served.client_as(Role.OPERATOR).get("/v1/access-records", params={"since": since})

    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")
