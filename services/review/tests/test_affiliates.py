"""S3: which assessors of the same representative are under sanction today: a flag on a case, and no ban."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from devkit.api_harness import ApiClient
from messages.review import CaseSuspended
from messages.values import Ban
from review.domain.assessors import AssessorStatus, SanctionedAffiliate, sanctioned_affiliates
from review.handlers.applications import open_case
from review.handlers.assessors import (
    record_representative,
    record_revocation,
    record_sanction,
)

from .api_calls import Participants
from .builders import (
    AFFILIATE,
    ASSESSOR,
    OPENED,
    STEEL,
    accepted,
    at,
    registered,
    represented,
    revoked,
    sanctioned,
    unit,
)
from .harness import Deliver, Message, ReviewHarness

OWN: Message = (record_representative, registered())
HERS: Message = (record_representative, registered(AFFILIATE))
SANCTIONED: Message = (record_sanction, sanctioned(2, AFFILIATE))
REVOKED: Message = (record_revocation, revoked(3, AFFILIATE))
LEFT: Message = (record_representative, represented(AFFILIATE, sequence=4))
FLAG = SanctionedAffiliate(AFFILIATE.uscc, AFFILIATE.name, "内工信通〔2026〕3号", date(2029, 4, 20))


async def affiliates_of(handlers: ReviewHarness, day: date = OPENED) -> tuple[SanctionedAffiliate, ...]:
    known = handlers.store().assessors
    own = await known.get(ASSESSOR.uscc) or AssessorStatus(ASSESSOR.uscc)
    return sanctioned_affiliates(own, await known.find(), day)


@pytest.mark.rule("S3")
@pytest.mark.parametrize("order", list(permutations([OWN, HERS, SANCTIONED])))
async def test_a_sanctioned_sister_is_seen_in_whatever_order_it_was_heard(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    assert await affiliates_of(await deliver(*order)) == (FLAG,)


@pytest.mark.rule("S3")
async def test_a_sister_is_a_flag_and_suspends_nothing(deliver: Deliver) -> None:
    handlers = await deliver((open_case, accepted(by=ASSESSOR)), OWN, HERS, SANCTIONED)

    assert (await handlers.case()).suspended_by is None
    assert not any(isinstance(each, CaseSuspended) for each in handlers.published)


@pytest.mark.rule("S3", "S4")
@pytest.mark.parametrize("order", list(permutations([OWN, HERS, SANCTIONED, REVOKED])))
async def test_after_the_revocation_there_is_no_flag(deliver: Deliver, order: tuple[Message, ...]) -> None:
    assert await affiliates_of(await deliver(*order)) == ()


@pytest.mark.rule("S3")
async def test_the_flag_ends_with_the_sanction(deliver: Deliver) -> None:
    handlers = await deliver(OWN, HERS, SANCTIONED)

    assert await affiliates_of(handlers, date(2029, 4, 20)) == (FLAG,)
    assert await affiliates_of(handlers, date(2029, 4, 21)) == ()


@pytest.mark.rule("S3", "Q4")
@pytest.mark.parametrize("order", list(permutations([OWN, HERS, SANCTIONED, LEFT])))
async def test_whoever_has_another_representative_today_is_no_sister_any_more(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    assert await affiliates_of(await deliver(*order)) == ()


@pytest.mark.rule("S3", "Q4")
async def test_whoever_comes_to_the_same_representative_becomes_a_sister(deliver: Deliver) -> None:
    handlers = await deliver(OWN, (record_representative, registered(AFFILIATE, "b")), SANCTIONED)
    assert await affiliates_of(handlers) == ()

    await handlers.do(record_representative, represented(AFFILIATE, "a", 4))

    assert await affiliates_of(handlers) == (FLAG,)


@pytest.mark.rule("S3")
async def test_where_no_registration_was_heard_the_sanction_itself_tells_the_sisters(deliver: Deliver) -> None:
    told_by_sanction = sanctioned(2, AFFILIATE, affiliates=[ASSESSOR])
    handlers = await deliver((open_case, accepted(by=ASSESSOR)), (record_sanction, told_by_sanction))

    assert await affiliates_of(handlers) == (FLAG,)


@pytest.mark.rule("S3", "S4")
async def test_a_sister_with_another_decision_standing_stays_a_flag(deliver: Deliver) -> None:
    left = revoked(3, AFFILIATE, left=Ban(first_day=OPENED, last_day=date(2028, 1, 1)))
    handlers = await deliver(OWN, HERS, (record_revocation, left))

    assert [(each.document_number, each.until) for each in await affiliates_of(handlers)] == [
        ("内工信通〔2026〕9号", date(2028, 1, 1))
    ]


@pytest.fixture
async def flagged(participants: Participants) -> Participants:
    api = participants.api
    await api.perform(open_case, accepted("app-1", unit(STEEL), by=ASSESSOR))
    await api.perform(record_representative, registered())
    await api.perform(record_representative, registered(AFFILIATE))
    await api.perform(record_sanction, sanctioned(2, AFFILIATE))
    return participants


async def flags_shown_to(caller: ApiClient) -> object:
    return (await caller.get("/v1/cases/app-1")).json()["sanctioned_affiliates"]


@pytest.mark.rule("S3", "P2")
async def test_officers_and_reviewers_see_the_flag_on_the_case_and_the_applicant_does_not(
    flagged: Participants,
) -> None:
    await flagged.forward()
    shown = [
        {
            "uscc": AFFILIATE.uscc,
            "name": AFFILIATE.name,
            "document_number": "内工信通〔2026〕3号",
            "until": "2029-04-20",
        }
    ]

    assert (
        await flags_shown_to(flagged.region)
        == await flags_shown_to(flagged.officer)
        == await flags_shown_to(flagged.reviewers)
        == shown
    )
    assert await flags_shown_to(flagged.applicant) is None
    assert await flags_shown_to(flagged.api.client_as("assessor", organisation=ASSESSOR.uscc)) is None
    assert await flags_shown_to(flagged.department("ecology_environment")) is None


@pytest.mark.rule("S3")
async def test_an_expert_of_the_panel_sees_the_flag(flagged: Participants) -> None:
    await flagged.forward()
    await flagged.review()
    panel = (await flagged.region.get("/v1/cases/app-1")).json()["panel"]

    assert await flags_shown_to(flagged.expert(panel["experts"][0])) == await flags_shown_to(flagged.region)


@pytest.mark.rule("S3")
async def test_a_case_shows_the_flag_as_of_today(flagged: Participants) -> None:
    flagged.clock.move_to(at(date(2029, 4, 21)))

    assert await flags_shown_to(flagged.region) == []
