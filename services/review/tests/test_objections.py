"""Objections of verified persons: one open for each and case, nothing waits until one is received (V9, V18)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from chassis.handling import Refusal
from messages.event import Event
from messages.review import (
    CaseCleared,
    CaseClosed,
    ObjectionLodged,
    ObjectionNotReceived,
    ObjectionReceiptOverdue,
    ObjectionReceived,
    PublicNoticeConcluded,
    Stage,
)
from messages.values import Role
from review.domain.record import ActorRef
from review.handlers.objections import ResolveObjection, resolve_objection
from review.jobs import JOBS

from .api_calls import Participants
from .builders import CITIZEN, REGION, RULES
from .harness import ReviewHarness
from .test_notice import DAY_AFTER, LAST_DAY, NOTICE_DAY, decision, in_notice

NEIGHBOUR = ActorRef("neighbour", "public")
DUE = date(2026, 6, 26)
"""Five working days from 18 June 2026."""
OVERDUE_JOB = tuple(job for job in JOBS if job.name == "note-overdue-receipts")
TEXTS = {"facts": "夜间排放异味", "name": "王某", "contact": "0472-0000000"}


def events_of(handlers: ReviewHarness, kind: type[Event]) -> list[Event]:
    return [each for each in handlers.published if isinstance(each, kind)]


@pytest.mark.rule("V18")
async def test_an_objection_lodged_changes_nothing_of_its_case_and_one_received_makes_it_wait(
    handlers: ReviewHarness,
) -> None:
    notice_id, one, _ = await in_notice(handlers)
    before = await handlers.case(one)

    await handlers.lodge(notice_id, one)
    lodged = await handlers.case(one)
    (received,) = await handlers.decide_receipt(notice_id)

    assert lodged == before
    assert isinstance(received, ObjectionReceived)
    assert (await handlers.case(one)).open_objections == 1
    entries = await handlers.store().records.find({"case_id": one}, sort=[("number", 1)])
    assert [each.action for each in entries][-1] == "objection received"


@pytest.mark.rule("V18")
async def test_what_was_not_received_holds_nothing_up_and_names_its_reasons(handlers: ReviewHarness) -> None:
    notice_id, one, other = await in_notice(handlers)
    await handlers.lodge(notice_id, one)

    with pytest.raises(Refusal) as wordless:
        await handlers.decide_receipt(notice_id, received=False, text=" ")
    (left,) = await handlers.decide_receipt(notice_id, received=False, text="未提供任何事实依据")
    with pytest.raises(Refusal) as again:
        await handlers.decide_receipt(notice_id)
    handlers.today = DAY_AFTER
    concluded, *_ = await handlers.conclude(notice_id)

    assert wordless.value.reasons[0].pointer == "/text"
    assert isinstance(left, ObjectionNotReceived)
    assert again.value.code == "receipt-decided"
    assert isinstance(concluded, PublicNoticeConcluded)
    assert (concluded.cleared, concluded.waiting) == (2, 0)
    kept = await handlers.store().objections.require("obj-1")
    assert (kept.state, kept.text, kept.receipt_on) == ("not_received", "未提供任何事实依据", NOTICE_DAY)
    assert {(await handlers.case(each)).state for each in (one, other)} == {Stage.CLEARED}


@pytest.mark.rule("V18")
async def test_a_person_has_one_open_objection_against_a_case_and_may_lodge_again_once_it_is_decided(
    handlers: ReviewHarness,
) -> None:
    notice_id, one, other = await in_notice(handlers)
    await handlers.lodge(notice_id, one)
    with pytest.raises(Refusal) as second:
        await handlers.lodge(notice_id, one, "obj-2")
    await handlers.lodge(notice_id, other, "obj-3")
    await handlers.lodge(notice_id, one, "obj-4", NEIGHBOUR)

    await handlers.decide_receipt(notice_id)
    with pytest.raises(Refusal) as while_received:
        await handlers.lodge(notice_id, one, "obj-5")
    await handlers.do(resolve_objection, decision(notice_id, upheld=False))
    await handlers.lodge(notice_id, one, "obj-6")

    assert {second.value.code, while_received.value.code} == {"objection-open"}
    lodged = await handlers.store().objections.find({"notice_id": notice_id})
    assert [each.objection_id for each in lodged] == ["obj-1", "obj-3", "obj-4", "obj-6"]


@pytest.mark.rule("V18", "P3")
async def test_nobody_decides_ones_own(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    await handlers.lodge(notice_id, one, by=replace(CITIZEN, subject=REGION.subject))

    with pytest.raises(Refusal) as receipt:
        await handlers.decide_receipt(notice_id)
    with pytest.raises(Refusal) as resolution:
        await handlers.do(resolve_objection, ResolveObjection(notice_id, "obj-1", False, "不成立", REGION))

    assert {(each.value.code, each.value.status) for each in (receipt, resolution)} == {("own-objection", 403)}


@pytest.mark.rule("V18")
async def test_what_is_not_received_yet_cannot_be_decided(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    await handlers.lodge(notice_id, one)

    with pytest.raises(Refusal) as refused:
        await handlers.do(resolve_objection, decision(notice_id, upheld=True))
    assert refused.value.code == "objection-not-received"


@pytest.mark.rule("V18", "V10")
async def test_one_of_the_last_day_is_received_after_the_notice_and_takes_the_case_off_when_it_is_upheld(
    handlers: ReviewHarness,
) -> None:
    notice_id, one, _ = await in_notice(handlers)
    handlers.today = LAST_DAY
    await handlers.lodge(notice_id, one)
    handlers.today = DAY_AFTER
    await handlers.conclude(notice_id)

    await handlers.decide_receipt(notice_id)
    _, closed = await handlers.do(resolve_objection, decision(notice_id, upheld=True))

    assert [each.subject for each in events_of(handlers, CaseCleared)].count(one) == 1
    assert isinstance(closed, CaseClosed)
    assert (await handlers.case(one)).state is Stage.CLOSED


@pytest.mark.rule("V18")
async def test_an_objection_against_a_case_that_has_ended_is_not_received(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    await handlers.lodge(notice_id, one)
    await handlers.lodge(notice_id, one, "obj-2", NEIGHBOUR)
    await handlers.decide_receipt(notice_id)
    await handlers.do(resolve_objection, decision(notice_id, upheld=True))

    with pytest.raises(Refusal) as refused:
        await handlers.decide_receipt(notice_id, "obj-2")
    (left,) = await handlers.decide_receipt(notice_id, "obj-2", received=False, text="该单位已移出公示名单")

    assert refused.value.code == "wrong-state"
    assert isinstance(left, ObjectionNotReceived)


@pytest.mark.rule("V18", "T4")
async def test_a_receipt_that_is_overdue_is_told_once_a_day_and_never_before(handlers: ReviewHarness) -> None:
    notice_id, one, other = await in_notice(handlers)
    await handlers.lodge(notice_id, one)
    await handlers.lodge(notice_id, other, "obj-2")
    await handlers.lodge(notice_id, one, "obj-3", NEIGHBOUR)
    await handlers.decide_receipt(notice_id, "obj-3")

    handlers.today = DUE
    in_time = await handlers.run_jobs(OVERDUE_JOB, handlers.now)
    handlers.today = DAY_AFTER
    late = await handlers.run_jobs(OVERDUE_JOB, handlers.now)
    again = await handlers.run_jobs(OVERDUE_JOB, handlers.now)

    assert RULES.notice.objection_receipt_working_days == 5
    assert (await handlers.store().objections.require("obj-1")).due == DUE
    assert (in_time, again) == ([], [])
    (told,) = late
    assert isinstance(told, ObjectionReceiptOverdue)
    assert (told.notice_id, told.due, told.noted_on) == (notice_id, DUE, DAY_AFTER)
    noted = [(await handlers.store().objections.require(f"obj-{n}")).overdue_on for n in (1, 2, 3)]
    assert noted == [DAY_AFTER, DAY_AFTER, None]


@pytest.mark.rule("V18", "V10")
async def test_a_thousand_objections_hold_nothing_up_and_are_told_once_a_day_for_each_case(
    handlers: ReviewHarness,
) -> None:
    notice_id, one, other = await in_notice(handlers)
    before = await handlers.case(one)
    for number in range(1000):
        handlers.today = NOTICE_DAY if number < 600 else LAST_DAY
        await handlers.lodge(notice_id, one, f"obj-{number}", ActorRef(f"person-{number}", "public"))

    after, told = await handlers.case(one), events_of(handlers, ObjectionLodged)
    handlers.today = DAY_AFTER
    concluded, *cleared = await handlers.conclude(notice_id)

    assert after == before
    assert len(told) == 2
    assert await handlers.store().objections.count({"case_id": one, "state": "lodged"}) == 1000
    assert isinstance(concluded, PublicNoticeConcluded)
    assert (concluded.cleared, concluded.waiting) == (2, 0)
    assert {each.subject for each in cleared} == {one, other}


async def shown(participants: Participants) -> str:
    await participants.open()
    await participants.forward()
    await participants.review()
    return f"/v1/notices/{await participants.publish()}/objections"


@pytest.mark.rule("V18", "P1")
async def test_only_a_person_whom_the_identity_provider_has_verified_lodges_and_never_the_region(
    participants: Participants,
) -> None:
    path, body = await shown(participants), {"case_id": "app-1", **TEXTS}
    api = participants.api
    callers = {
        "nobody": api.anonymous(),
        "not verified": api.client_as(Role.PUBLIC, subject="somebody"),
        "the region": api.client_as(Role.REGIONAL_OFFICER, subject="region-2", person_verified=True),
        "a verified person": participants.citizen,
    }

    answers = {who: await caller.post(path, json=body) for who, caller in callers.items()}
    second = await participants.citizen.post(path, json=body)

    assert {who: answer.status_code for who, answer in answers.items()} == {
        "nobody": 401,
        "not verified": 403,
        "the region": 403,
        "a verified person": 201,
    }
    assert answers["not verified"].json()["reasons"][0]["code"] == "person-not-verified"
    assert (second.status_code, second.json()["code"]) == (409, "objection-open")
    assert second.json()["reasons"][0]["evidence"] == answers["a verified person"].json()["objection_id"]


@pytest.mark.rule("V18")
async def test_the_desk_lists_what_waits_and_the_objector_reads_the_answer(participants: Participants) -> None:
    path = await shown(participants)
    neighbour = participants.api.client_as(Role.PUBLIC, subject="neighbour", person_verified=True)
    first, second = [
        (await person.post(path, json={"case_id": "app-1", **TEXTS})).json()["objection_id"]
        for person in (participants.citizen, neighbour)
    ]
    await participants.region.post(f"{path}/{first}/receipt", json={"received": False, "text": "所述与该单位无关"})

    waiting = (await participants.region.get(path, params={"state": "lodged"})).json()["items"]

    assert [each["objection_id"] for each in waiting] == [second]
    assert (await participants.citizen.get(f"{path}/{first}")).json()["text"] == "所述与该单位无关"
    assert (await neighbour.get(f"{path}/{first}")).status_code == 404
