from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from chassis.clock import FixedClock, SystemClock
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from messages.applications import ApplicationRefused
from messages.assessor_quota import AssessorRegistered
from messages.values import Role
from notify import handlers
from notify.api import router
from notify.domain.notification import Attempt
from notify.store import AGGREGATES, INDEXES, Store

STEEL = "911502000000000271"
UNIT = {"uscc": STEEL, "name": "甲", "unit_type": "factory", "prefecture": "150200"}
REFUSED = ApplicationRefused.model_validate(
    {
        "application_id": "app-1",
        "unit": UNIT,
        "level": "region",
        "batch_year": 2026,
        "evaluation": {"way": "self"},
        "rule_set": "2024-01-19",
        "refused_on": "2026-04-01",
        "reasons": [{"rule": "E11", "article": "第二十五条", "code": "banned", "text": "三年内不得重新申报。"}],
        "sequence": 1,
    }
)
REGISTERED = AssessorRegistered.model_validate(
    {
        "assessor_uscc": "911501000000000191",
        "name": "丙",
        "representative": {"digest": "a" * 64, "masked": "张*"},
        "scope": ["factory"],
        "registered_on": "2026-01-10",
        "sequence": 1,
    }
)


@pytest.fixture
async def stand() -> AsyncIterator[ApiHarness[Any]]:
    clock = FixedClock(datetime(2026, 4, 1, 2, tzinfo=UTC))
    async with api_harness("notify", router(), Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock) as stand:
        await stand.perform(handlers.notify, REFUSED)
        await stand.perform(handlers.notify, REGISTERED)
        yield stand


def applicant(stand: ApiHarness[Any], organisation: str = STEEL) -> ApiClient:
    return stand.client_as(Role.APPLICANT, organisation=organisation)


@pytest.mark.rule("P2")
@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ({"role": Role.APPLICANT, "organisation": STEEL}, 1),
        ({"role": Role.APPLICANT, "organisation": "911503000000000351"}, 0),
        ({"role": Role.PREFECTURE_OFFICER, "prefecture": "150200"}, 1),
        ({"role": Role.PREFECTURE_OFFICER, "prefecture": "150300"}, 0),
        ({"role": Role.ASSESSOR, "organisation": "911501000000000191"}, 1),
        ({"role": Role.ASSESSOR, "organisation": STEEL}, 0),
        ({"role": Role.EXPERT, "subject": "expert-1"}, 0),
        ({"role": Role.REGIONAL_OFFICER}, 0),
    ],
)
async def test_an_inbox_shows_its_own_notices_only(stand: ApiHarness[Any], who: dict[str, str], seen: int) -> None:
    answer = await stand.client_as(**who).get("/v1/inbox")

    assert (answer.status_code, len(answer.json()["items"])) == (200, seen)


@pytest.mark.rule("N4")
async def test_the_board_shows_everybody_what_is_public_and_nothing_else(stand: ApiHarness[Any]) -> None:
    answer = await stand.anonymous().get("/v1/board")

    assert [each["event_type"] for each in answer.json()["items"]] == [REGISTERED.type]


@pytest.mark.rule("P2")
async def test_an_inbox_needs_a_token_and_a_role_that_has_one(stand: ApiHarness[Any]) -> None:
    assert (await stand.anonymous().get("/v1/inbox")).status_code == 401
    assert (await stand.client_as(Role.OPERATOR).get("/v1/inbox")).status_code == 404


async def own_notice(caller: ApiClient) -> str:
    (notice,) = (await caller.get("/v1/inbox?unread=true")).json()["items"]
    return str(notice["notice_id"])


async def test_a_notice_that_was_read_is_unread_no_more(stand: ApiHarness[Any]) -> None:
    notice = await own_notice(applicant(stand))

    answer = await applicant(stand).post(f"/v1/inbox/{notice}/read")

    assert answer.json()["read_at"] == "2026-04-01T02:00:00Z"
    assert "saved" not in answer.json()
    assert (await applicant(stand).get("/v1/inbox?unread=true")).json()["items"] == []


async def test_a_read_notice_runs_out_by_real_time_whatever_the_clock_of_the_field_shows(
    stand: ApiHarness[Any],
) -> None:
    notice = await own_notice(applicant(stand))
    before = SystemClock().now()

    await applicant(stand).post(f"/v1/inbox/{notice}/read")

    saved = (await stand.store().notices.require(notice)).saved
    assert saved is not None
    assert before <= saved <= SystemClock().now()
    assert [index.keys for index in INDEXES if index.ttl_seconds] == [(("saved", 1),)]


@pytest.mark.rule("P2")
async def test_the_notice_of_another_is_not_there(stand: ApiHarness[Any]) -> None:
    notice = await own_notice(applicant(stand))

    answer = await applicant(stand, "911503000000000351").post(f"/v1/inbox/{notice}/read")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_a_contact_is_set_shown_and_removed(stand: ApiHarness[Any]) -> None:
    body = {"email": "office@example.invalid", "language": "en"}

    assert (await applicant(stand).put("/v1/contacts/applicant", json=body)).status_code == 200
    assert (await applicant(stand).get("/v1/contacts/applicant")).json() == body | {"role": "applicant"}
    assert (await applicant(stand).delete("/v1/contacts/applicant")).status_code == 204
    assert (await applicant(stand).get("/v1/contacts/applicant")).status_code == 404


@pytest.mark.parametrize("body", [{"email": "no address"}, {"email": "a@b.cn", "fax": "1"}, {}])
async def test_a_malformed_contact_is_refused(stand: ApiHarness[Any], body: dict[str, str]) -> None:
    answer = await applicant(stand).put("/v1/contacts/applicant", json=body)

    assert answer.status_code == 422
    assert {(each["rule"], each["article"]) for each in answer.json()["reasons"]} == {("N1", "第五条")}


async def test_nobody_sets_a_contact_for_a_role_not_held(stand: ApiHarness[Any]) -> None:
    answer = await applicant(stand).put("/v1/contacts/regional_officer", json={"email": "a@b.cn"})

    assert (answer.status_code, answer.json()["code"]) == (403, "role-not-held")
    assert [(each["rule"], each["article"]) for each in answer.json()["reasons"]] == [("P1", "第五条")]


@pytest.mark.rule("N2")
async def test_an_operator_sees_what_failed_without_its_address_and_sends_it_again(stand: ApiHarness[Any]) -> None:
    reader = handlers.SetContact(next(iter(handlers.recipients_of(REFUSED)))[0], "office@example.invalid", "zh")
    await stand.perform(handlers.set_contact, reader)
    await stand.perform(handlers.notify, REFUSED.model_copy(update={"sequence": 2}))
    (delivery,) = await stand.store().deliveries.find()
    for number in range(1, 7):
        await stand.perform(handlers.record_attempt, Attempt(delivery.delivery_id, number, "timeout"))

    failed = await stand.client_as(Role.OPERATOR).get("/v1/deliveries")
    again = await stand.client_as(Role.OPERATOR).post(f"/v1/deliveries/{delivery.delivery_id}/resend")

    assert [each["cause"] for each in failed.json()["items"]] == ["timeout"]
    assert "office@" not in failed.text
    assert again.json()["state"] == "waiting"
    assert (await applicant(stand).get("/v1/deliveries")).status_code == 403
