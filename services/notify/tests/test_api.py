from __future__ import annotations

import pytest
from chassis.clock import SystemClock
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Role
from notify.domain.notification import Attempt
from notify.handlers.contacts import ConfirmContact, SetContact, confirm_contact, set_contact
from notify.handlers.deliveries import record_attempt
from notify.handlers.notifications import notify
from notify.store import INDEXES, Store

from .api_calls import CONTACT, own_unread_notice
from .builders import APPLICANT, CODE, DAIRY, OTHER, REFUSED, REGISTERED, STEEL


@pytest.mark.rule("P2")
@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ({"role": Role.APPLICANT, "organisation": STEEL}, 1),
        ({"role": Role.APPLICANT, "organisation": OTHER}, 0),
        ({"role": Role.PREFECTURE_OFFICER, "prefecture": "150200"}, 1),
        ({"role": Role.PREFECTURE_OFFICER, "prefecture": "150300"}, 0),
        ({"role": Role.ASSESSOR, "organisation": DAIRY}, 1),
        ({"role": Role.ASSESSOR, "organisation": STEEL}, 0),
        ({"role": Role.EXPERT, "subject": "expert-1"}, 0),
        ({"role": Role.REGIONAL_OFFICER}, 0),
    ],
)
async def test_an_inbox_shows_its_own_notices_only(api: ApiHarness[Store], who: dict[str, str], seen: int) -> None:
    answer = await api.client_as(**who).get("/v1/inbox")

    assert (answer.status_code, len(answer.json()["items"])) == (200, seen)


@pytest.mark.rule("N4")
async def test_the_board_shows_everybody_what_is_public_and_nothing_else(api: ApiHarness[Store]) -> None:
    answer = await api.anonymous().get("/v1/board")

    assert [each["event_type"] for each in answer.json()["items"]] == [REGISTERED.type]


@pytest.mark.rule("P2")
async def test_an_inbox_needs_a_token_and_a_role_that_has_one(api: ApiHarness[Store], operator: ApiClient) -> None:
    assert (await api.anonymous().get("/v1/inbox")).status_code == 401
    assert (await operator.get("/v1/inbox")).status_code == 403


async def test_a_notice_that_was_read_is_unread_no_more(applicant: ApiClient) -> None:
    notice = await own_unread_notice(applicant)

    answer = await applicant.post(f"/v1/inbox/{notice}/read")

    assert answer.json()["read_at"] == "2026-04-01T02:00:00Z"
    assert "saved" not in answer.json()
    assert (await applicant.get("/v1/inbox?unread=true")).json()["items"] == []


async def test_a_read_notice_runs_out_by_real_time_whatever_the_clock_of_the_field_shows(
    api: ApiHarness[Store],
    applicant: ApiClient,
) -> None:
    notice = await own_unread_notice(applicant)
    before = SystemClock().now()

    await applicant.post(f"/v1/inbox/{notice}/read")

    saved = (await api.store().notices.require(notice)).saved
    assert saved is not None
    assert before <= saved <= SystemClock().now()
    assert [index.keys for index in INDEXES if index.ttl_seconds] == [(("saved", 1),)]


@pytest.mark.rule("P2")
async def test_the_notice_of_another_is_not_there(applicant: ApiClient, other_applicant: ApiClient) -> None:
    notice = await own_unread_notice(applicant)

    answer = await other_applicant.post(f"/v1/inbox/{notice}/read")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_a_contact_is_set_shown_and_removed(applicant: ApiClient) -> None:
    assert (await applicant.put("/v1/contacts/applicant", json=CONTACT)).status_code == 200
    assert (await applicant.get("/v1/contacts/applicant")).json() == CONTACT | {"role": "applicant", "confirmed": False}
    assert (await applicant.delete("/v1/contacts/applicant")).status_code == 204
    assert (await applicant.get("/v1/contacts/applicant")).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "a;b@x.example",
        "a,b@x.example",
        "a<b@x.example",
        "a@b.c>",
        "a\x00@x.example",
        "a\u202e@x.example",
        "a@x.example\nBcc: b@x.example",
    ],
)
async def test_an_address_that_a_mail_header_reads_as_another_is_no_contact(applicant: ApiClient, address: str) -> None:
    answer = await applicant.put("/v1/contacts/applicant", json={"email": address})

    (reason,) = answer.json()["reasons"]
    assert (answer.status_code, reason["code"], reason["pointer"]) == (422, "email-invalid", "/email")
    assert (await applicant.get("/v1/contacts/applicant")).status_code == 404


@pytest.mark.parametrize("body", [{"email": "no address"}, {"email": "a@b.cn", "fax": "1"}, {}])
async def test_a_malformed_contact_is_refused(applicant: ApiClient, body: dict[str, str]) -> None:
    answer = await applicant.put("/v1/contacts/applicant", json=body)

    assert answer.status_code == 422
    assert {(each["rule"], each["article"]) for each in answer.json()["reasons"]} == {("N1", "第五条")}


async def test_nobody_sets_a_contact_for_a_role_not_held(applicant: ApiClient) -> None:
    answer = await applicant.put("/v1/contacts/regional_officer", json={"email": "a@b.cn"})

    assert (answer.status_code, answer.json()["code"]) == (403, "role-not-held")
    assert [(each["rule"], each["article"]) for each in answer.json()["reasons"]] == [("P1", "第五条")]


@pytest.mark.rule("N2")
async def test_an_operator_sees_what_failed_without_its_address_and_sends_it_again(
    api: ApiHarness[Store], applicant: ApiClient, operator: ApiClient
) -> None:
    await api.perform(set_contact, SetContact(APPLICANT, "office@example.invalid", "zh", CODE))
    await api.perform(confirm_contact, ConfirmContact(APPLICANT, CODE))
    await api.perform(notify, REFUSED.model_copy(update={"sequence": 2}))
    (delivery,) = await api.store().deliveries.find()
    for number in range(1, 7):
        await api.perform(record_attempt, Attempt(delivery.delivery_id, number, "timeout"))

    failed = await operator.get("/v1/deliveries")
    again = await operator.post(f"/v1/deliveries/{delivery.delivery_id}/resend")

    assert [each["cause"] for each in failed.json()["items"]] == ["timeout"]
    assert "office@" not in failed.text
    assert again.json()["state"] == "waiting"
    assert (await applicant.get("/v1/deliveries")).status_code == 403
