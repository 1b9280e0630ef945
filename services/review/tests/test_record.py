from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from review.domain.case import Case, RecordHead
from review.domain.record import ChainBreak, RecordEntry, head_after, seal, verify_chain

from .builders import RULES
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
