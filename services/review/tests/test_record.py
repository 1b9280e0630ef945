from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from messages.values import Role
from review.api.views import EntryView, entry_view
from review.domain import record
from review.domain.case import Case, RecordHead
from review.domain.record import (
    READERS,
    ActorRef,
    Audience,
    ChainBreak,
    RecordEntry,
    Transition,
    head_after,
    next_entry,
    seal,
    seal_of,
    verify_chain,
)
from review.domain.record_head import NO_ENTRY

from .api_calls import Participants
from .builders import OPENED, REGION, RULES, at, opened_case
from .harness import ReviewHarness


async def recorded() -> tuple[Case, Sequence[RecordEntry]]:
    """A forwarded case and its record."""
    handlers = ReviewHarness()
    case_id = await handlers.forward()
    entries = await handlers.store().records.find({"case_id": case_id}, sort=[("number", 1)])
    return await handlers.case(case_id), entries


@pytest.mark.rule("V14")
async def test_every_step_records_who_in_which_role_when_what_was_seen_and_why() -> None:
    case, entries = await recorded()

    assert [each.action for each in entries] == [
        "opened",
        "consulted: ecology_environment agree",
        "consulted: emergency_management agree",
        "consulted: market_regulation agree",
        "initial review accepted",
        "opinion issued: recommended",
        "forwarded",
    ]
    last = entries[-1]
    assert (last.subject, last.role) == ("officer-baotou", "prefecture_officer")
    assert last.at == "2026-04-20T02:00:00+00:00"
    assert last.evidence == {"deadline": "2026-05-31"}
    assert all(each.reason for each in entries)
    assert case.head == RecordHead(7, last.digest)


@pytest.mark.rule("G3")
async def test_every_entry_names_its_article_and_the_rule_set() -> None:
    _, entries = await recorded()

    assert {each.rule_set for each in entries} == {RULES.version}
    assert entries[-1].article == "第十四条第（二）项"


@pytest.mark.rule("V14")
async def test_a_record_that_was_not_touched_verifies() -> None:
    case, entries = await recorded()

    assert verify_chain(entries, case.head) is None
    assert head_after(entries) == case.head


@pytest.mark.rule("V14")
async def test_tampering_shows_where_it_was_done() -> None:
    case, entries = await recorded()
    altered = [*entries[:3], replace(entries[3], reason="有不同意见"), *entries[4:]]
    resealed = [*entries[:3], replace(altered[3], digest=seal(altered[3])), *entries[4:]]

    assert verify_chain(altered, case.head) == ChainBreak(4, "was changed after it was written")
    assert verify_chain(resealed, case.head) == ChainBreak(5, "does not follow the entry before it")


@pytest.mark.rule("V14")
async def test_a_record_cut_short_reordered_or_with_a_gap_shows() -> None:
    case, entries = await recorded()

    assert verify_chain(entries[:-1], case.head) == ChainBreak(6, "is not where the case says the record ends")
    assert verify_chain([*entries[:2], *entries[3:]], case.head) == ChainBreak(4, "does not follow the entry before it")
    assert verify_chain([entries[1], entries[0], *entries[2:]], case.head) == ChainBreak(
        2, "does not follow the entry before it"
    )
    assert verify_chain([], case.head) == ChainBreak(0, "is not where the case says the record ends")


@pytest.mark.rule("V14")
async def test_an_application_once_accepted_is_kept_by_its_digest() -> None:
    _, entries = await recorded()

    assert len(entries[0].evidence["application"]) == 64


def shown_to(role: str, audience: Audience) -> EntryView:
    step = Transition(opened_case(), "scored", "V6", "评审组得分", audience, evidence={"total": "84.20"})
    return entry_view(next_entry(NO_ENTRY, step, REGION, at(OPENED), "salt"), ActorRef("somebody", role))


@pytest.mark.rule("V14", "P2")
@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("role", [Role.PREFECTURE_OFFICER, Role.REVIEW_ORGANISATION, Role.REGIONAL_OFFICER])
def test_an_entry_shows_its_content_to_its_audience_only(role: Role, audience: Audience) -> None:
    shown = shown_to(role, audience)

    assert (shown.content is not None) is (role in READERS[audience])
    assert ("84.20" in shown.model_dump_json()) is (role in READERS[audience])
    assert (shown.number, shown.day, shown.action) == (1, "2026-04-20", "scored")


@pytest.mark.rule("V14")
def test_the_widest_audience_is_that_of_the_records_readers_and_each_other_is_narrower() -> None:
    region = {Role.REGIONAL_OFFICER}
    assert region == READERS[Audience.REGION] < READERS[Audience.REVIEWERS] < READERS[Audience.RECORD]
    assert set(READERS) == set(Audience)


@pytest.mark.rule("V14")
def test_equal_contents_have_different_digests() -> None:
    step = Transition(opened_case(), "scored", "V6", "评审组得分", Audience.REVIEWERS, evidence={"total": "84.20"})
    one, other = (next_entry(NO_ENTRY, step, REGION, at(OPENED), salt) for salt in ("one", "other"))

    assert one.content != other.content
    assert tuple(name for name in vars(one) if name not in SHOWN_TO_ALL) == record.CONTENT


SHOWN_TO_ALL = {"case_id", "number", "action", "audience", "previous", "digest"}


@pytest.mark.rule("V14")
async def test_the_chain_is_checked_by_whoever_sees_no_content(participants: Participants) -> None:
    await participants.open()
    await participants.forward()
    await participants.review()

    entries = (await participants.officer.get("/v1/cases/app-1/record")).json()["entries"]

    hidden = [each["action"] for each in entries if each["content"] is None]
    assert {"panel appointed", "score sheet signed", "scored"} <= set(hidden)
    previous = NO_ENTRY.digest
    for number, each in enumerate(entries, start=1):
        given = (each["day"], each["action"], each["audience"], each["content_digest"], previous)
        assert each["number"] == number
        assert each["digest"] == seal_of("app-1", number, *given)
        previous = each["digest"]


@pytest.mark.rule("V6", "P2")
async def test_a_sheet_that_is_not_signed_is_its_experts_alone(participants: Participants) -> None:
    await participants.open()
    await participants.forward()
    for number in range(3):
        await participants.reviewers.post("/v1/experts", json={"expert_id": f"expert-{number}", "employer": "某大学"})
    name = (await participants.reviewers.post("/v1/cases/app-1/panel")).json()["chair"]
    path = f"/v1/cases/app-1/score-sheets/{name}"
    draft = {"values": {"renewables_share": "31.5"}, "mandatory_items": {}}
    assert (await participants.expert(name).put(path, json=draft)).status_code == 200

    answers = [await each.get(path) for each in (participants.region, participants.reviewers)]
    own = await participants.expert(name).get(path)

    assert {each.status_code for each in answers} == {404}
    assert own.json()["values"] == {"renewables_share": "31.5"}
