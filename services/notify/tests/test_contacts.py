"""N1: an address is confirmed before it is used, used as it was written, and forgotten when it is removed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from bson import json_util
from devkit.api_harness import ApiClient, ApiHarness
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.values import Role
from notify.domain.contacts import MAX_TRIES, VALID_FOR
from notify.domain.notification import MAX_ATTEMPTS, Attempt
from notify.domain.recipients import Recipient
from notify.handlers.contacts import (
    ConfirmContact,
    RemoveContact,
    SetContact,
    confirm_contact,
    remove_contact,
    set_contact,
)
from notify.handlers.deliveries import record_attempt
from notify.handlers.notifications import notify
from notify.store import AGGREGATES, INDEXES, Store

from .builders import APPLICANT, AT, CODE, REFUSED, STEEL, application_refused
from .harness import NotifySystem

ADDRESS = "Office.No1+green@Steel.Example"
CONTACT, CONFIRMATION = "/v1/contacts/applicant", "/v1/contacts/applicant/confirmation"


class Mails:
    """The e-mails that a server took: address and body."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def __call__(self, address: str, _title: str, body: str, _message_id: str, /) -> None:
        self.sent.append((address, body))

    @property
    def code(self) -> str:
        return re.findall(r"\d{8}", self.sent[-1][1])[0]


async def code_of(api: ApiHarness[Store]) -> str:
    """Return the code that waits to be sent."""
    (delivery,) = await api.store().deliveries.find({"template": "contact-confirmation"})
    return re.findall(r"\d{8}", delivery.body)[0]


@pytest.mark.rule("N1")
async def test_an_address_gets_nothing_but_its_code_until_it_is_confirmed() -> None:
    mails = Mails()
    system = NotifySystem(mails)
    await system.perform(set_contact, SetContact(APPLICANT, ADDRESS, "zh", CODE))
    await system.publish(REFUSED)
    await system.run_jobs_hourly()

    assert [address for address, _ in mails.sent] == [ADDRESS]
    assert mails.code == CODE

    await system.perform(confirm_contact, ConfirmContact(APPLICANT, CODE))
    await system.publish(application_refused(sequence=2))
    await system.run_jobs_hourly()

    assert [address for address, _ in mails.sent] == [ADDRESS, ADDRESS]
    assert "未通过条件核查" in mails.sent[1][1]


@pytest.mark.rule("N1")
async def test_the_code_of_an_address_that_was_replaced_confirms_nothing_and_goes_to_nobody() -> None:
    mails = Mails()
    system = NotifySystem(mails)
    await system.perform(set_contact, SetContact(APPLICANT, "first@steel.example", "zh", "11111111"))
    await system.perform(set_contact, SetContact(APPLICANT, "second@steel.example", "zh", "22222222"))
    await system.run_jobs_hourly()

    assert [address for address, _ in mails.sent] == ["second@steel.example"]
    assert (await system.perform(confirm_contact, ConfirmContact(APPLICANT, "11111111"))).refusal is not None
    assert not (await system.store().contacts.require(APPLICANT.key)).confirmed


@pytest.mark.rule("N1")
async def test_a_new_address_is_confirmed_anew_and_a_new_language_is_not(
    api: ApiHarness[Store], applicant: ApiClient
) -> None:
    await applicant.put(CONTACT, json={"email": ADDRESS})
    confirmed = await applicant.post(CONFIRMATION, json={"code": await code_of(api)})
    in_english = await applicant.put(CONTACT, json={"email": ADDRESS, "language": "en"})
    elsewhere = await applicant.put(CONTACT, json={"email": "other@steel.example", "language": "en"})

    assert confirmed.json() == {"role": "applicant", "language": "zh", "confirmed": True}
    assert in_english.json() == {"role": "applicant", "language": "en", "confirmed": True, "email": ADDRESS}
    assert elsewhere.json()["confirmed"] is False
    await api.perform(notify, application_refused(sequence=2))
    assert [each.template for each in await api.store().deliveries.find()] == ["contact-confirmation"]


@pytest.mark.rule("N1")
async def test_wrong_codes_void_the_right_one(api: ApiHarness[Store], applicant: ApiClient) -> None:
    await applicant.put(CONTACT, json={"email": ADDRESS})
    code = await code_of(api)
    wrong = f"{(int(code) + 1) % 10**8:08}"

    answers = [await applicant.post(CONFIRMATION, json={"code": wrong}) for _ in range(MAX_TRIES)]
    late = await applicant.post(CONFIRMATION, json={"code": code})

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (409, "confirmation-code-wrong")
    ] * MAX_TRIES
    assert (late.status_code, late.json()["code"]) == (409, "confirmation-code-void")
    assert late.json()["reasons"][0]["text"].startswith("确认码已过期")
    assert (await applicant.get(CONTACT)).json()["confirmed"] is False


@pytest.mark.rule("N1")
async def test_a_code_runs_out(api: ApiHarness[Store], applicant: ApiClient) -> None:
    await applicant.put(CONTACT, json={"email": ADDRESS})
    code, clock = await code_of(api), api.api.clock
    assert isinstance(clock, FixedClock)
    clock.move_to(AT + VALID_FOR + timedelta(seconds=1))

    late = await applicant.post(CONFIRMATION, json={"code": code})

    assert (late.status_code, late.json()["code"]) == (409, "confirmation-code-void")


@pytest.mark.rule("N1")
async def test_an_address_is_shown_and_used_as_it_was_written(api: ApiHarness[Store], applicant: ApiClient) -> None:
    answer = await applicant.put(CONTACT, json={"email": f" {ADDRESS} "})

    assert (await applicant.get(CONTACT)).json()["email"] == ADDRESS
    assert (await api.store().contacts.require(APPLICANT.key)).email == ADDRESS
    assert answer.json()["email"] == ADDRESS


@pytest.mark.rule("N2")
@pytest.mark.parametrize(
    ("attempts", "state", "words"),
    [([], "waiting", "无须重新发送"), ([None], "delivered", "已经送达"), (["timeout"], "waiting", "无须重新发送")],
)
async def test_only_what_is_parked_is_sent_again(
    api: ApiHarness[Store],
    operator: ApiClient,
    attempts: list[str | None],
    state: str,
    words: str,
) -> None:
    await api.perform(set_contact, SetContact(APPLICANT, ADDRESS, "zh", CODE))
    await api.perform(confirm_contact, ConfirmContact(APPLICANT, CODE))
    await api.perform(notify, application_refused(sequence=2))
    (delivery,) = await api.store().deliveries.find()
    for number, cause in enumerate(attempts, start=1):
        await api.perform(record_attempt, Attempt(delivery.delivery_id, number, cause))
    before = await api.store().deliveries.require(delivery.delivery_id)

    answer = await operator.post(f"/v1/deliveries/{delivery.delivery_id}/resend")

    assert (answer.status_code, answer.json()["code"]) == (409, "delivery-not-parked")
    (reason,) = answer.json()["reasons"]
    assert (reason["rule"], reason["evidence"]) == ("N2", state)
    assert words in reason["text"]
    assert await api.store().deliveries.require(delivery.delivery_id) == before


@pytest.mark.rule("N2")
async def test_a_code_that_could_not_be_delivered_is_parked_and_sent_again(
    api: ApiHarness[Store], operator: ApiClient
) -> None:
    await api.perform(set_contact, SetContact(APPLICANT, ADDRESS, "zh", CODE))
    (delivery,) = await api.store().deliveries.find()
    await api.perform(record_attempt, Attempt(delivery.delivery_id, MAX_ATTEMPTS, "timeout"))

    answer = await operator.post(f"/v1/deliveries/{delivery.delivery_id}/resend")

    assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    assert CODE not in answer.text


async def test_after_its_removal_an_address_is_in_no_collection_and_no_reply(
    api: ApiHarness[Store], applicant: ApiClient
) -> None:
    """Everything that the routes have left in the store, replies under the commands' keys included."""
    await applicant.put(CONTACT, json={"email": "first@steel.example"})
    await applicant.put(CONTACT, json={"email": ADDRESS})
    await applicant.post(CONFIRMATION, json={"code": "00000000"})
    await applicant.post(CONFIRMATION, json={"code": await code_of(api)})
    await api.perform(notify, application_refused(sequence=2))
    assert ADDRESS in json_util.dumps(api.memory.collections)

    assert (await applicant.delete(CONTACT)).status_code == 204

    left = json_util.dumps(api.memory.collections)
    assert api.memory.collections["inbox"]
    assert ADDRESS not in left
    assert "first@steel.example" not in left


@pytest.mark.connected
async def test_after_its_removal_an_address_is_nowhere_in_the_real_database(servers: PrivateServers) -> None:
    reader = Recipient(Role.APPLICANT, organisation=STEEL)
    async with committer_cluster(
        servers, "notify", Store, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(AT), count=1
    ) as cluster:
        await cluster.perform(0, set_contact, SetContact(reader, ADDRESS, "zh", CODE))
        await cluster.perform(0, confirm_contact, ConfirmContact(reader, CODE))
        await cluster.perform(0, notify, REFUSED)
        (delivery,) = await cluster.read().deliveries.find({"state": "waiting"})
        await cluster.perform(0, record_attempt, Attempt(delivery.delivery_id, 1, None))
        assert ADDRESS in await everything(cluster)

        await cluster.perform(0, remove_contact, RemoveContact(reader))

        assert ADDRESS not in await everything(cluster)


async def everything(cluster: CommitterCluster[Store]) -> str:
    """Return every document of every collection of the database."""
    database = cluster.database._database
    names = await database.list_collection_names()
    assert {"inbox", "outbox", "contacts", "deliveries"} <= set(names)
    return "".join([json_util.dumps(await cluster.database.find(name, {})) for name in names])
