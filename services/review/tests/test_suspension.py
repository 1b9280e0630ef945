from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from messages.review import CaseCleared, CaseClosed, CaseResumed, CaseSuspended, Stage
from messages.values import Ban
from review.handlers.applications import close_withdrawn_case, open_case
from review.handlers.assessors import (
    record_representative,
    record_revocation,
    record_sanction,
)
from review.handlers.opinion import DecideInitialReview, decide_initial_review

from .builders import (
    ASSESSOR,
    COPPER,
    OFFICER,
    ONCE_MORE,
    OPENED,
    accepted,
    registered,
    represented,
    revoked,
    sanctioned,
    unit,
    withdrawn,
)
from .harness import Deliver, Message, ReviewHarness
from .test_notice import DAY_AFTER, in_notice

BY_ASSESSOR: Message = (open_case, accepted(by=ASSESSOR))
SANCTIONED: Message = (record_sanction, sanctioned(2))
REVOKED: Message = (record_revocation, revoked(3))
WITHDRAWN: Message = (close_withdrawn_case, withdrawn())
LONGER = date(2030, 1, 5)


@pytest.mark.rule("S2")
@pytest.mark.parametrize("order", list(permutations([BY_ASSESSOR, SANCTIONED])))
async def test_a_case_resting_on_a_sanctioned_assessor_is_suspended_in_any_order(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    handlers = await deliver(*order)

    assert (await handlers.case()).suspended_by == "内工信通〔2026〕3号"
    (said,) = [each for each in handlers.published if isinstance(each, CaseSuspended)]
    assert (said.case_id, said.document_number, said.suspended_on) == ("app-1", "内工信通〔2026〕3号", OPENED)


@pytest.mark.rule("S4")
@pytest.mark.parametrize("order", list(permutations([BY_ASSESSOR, SANCTIONED, REVOKED])))
async def test_after_the_revocation_the_case_goes_on_in_any_order(deliver: Deliver, order: tuple[Message, ...]) -> None:
    handlers = await deliver(*order)

    assert (await handlers.case()).suspended_by is None
    said = [type(each) for each in handlers.published if isinstance(each, CaseSuspended | CaseResumed)]
    assert said in ([CaseSuspended, CaseResumed], [])


@pytest.mark.rule("S4")
async def test_a_revocation_that_leaves_another_decision_standing_resumes_nothing(deliver: Deliver) -> None:
    still = revoked(3, left=Ban(first_day=date(2026, 1, 1), last_day=date(2028, 1, 1)))
    handlers = await deliver(BY_ASSESSOR, SANCTIONED, (record_revocation, still))

    assert (await handlers.case()).suspended_by is not None
    assert not any(isinstance(each, CaseResumed) for each in handlers.published)


SECOND: Message = (record_sanction, sanctioned(3, number="内工信通〔2026〕5号", until=LONGER))
LEAVES_ONE: Message = (
    record_revocation,
    revoked(4, left=Ban(first_day=OPENED, last_day=LONGER)),
)
LEAVES_NONE: Message = (record_revocation, revoked(5))


@pytest.mark.rule("S2", "S4")
@pytest.mark.parametrize("order", list(permutations([BY_ASSESSOR, SANCTIONED, SECOND, LEAVES_ONE])))
async def test_of_two_sanctions_one_revoked_the_case_stays_suspended_in_any_order(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    handlers = await deliver(*order)

    assert (await handlers.case()).suspended_by is not None
    assert not any(isinstance(each, CaseResumed) for each in handlers.published)
    assert no_document_is_published_twice(handlers)


FIRST_REVOKED: Message = (
    record_revocation,
    revoked(4, left=Ban(first_day=OPENED, last_day=LONGER), decision="内工信通〔2026〕3号"),
)


@pytest.mark.rule("S2", "S4")
@pytest.mark.parametrize("order", list(permutations([BY_ASSESSOR, SANCTIONED, SECOND, FIRST_REVOKED])))
async def test_a_case_shows_the_decision_that_still_holds_and_not_the_one_revoked_in_any_order(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    handlers = await deliver(*order)

    assert (await handlers.case()).suspended_by == "内工信通〔2026〕5号"
    assert not any(isinstance(each, CaseResumed) for each in handlers.published)


@pytest.mark.rule("S2", "S4")
@pytest.mark.parametrize("order", list(permutations([BY_ASSESSOR, SANCTIONED, SECOND, LEAVES_ONE, LEAVES_NONE])))
async def test_of_two_sanctions_both_revoked_the_case_goes_on_in_any_order(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    handlers = await deliver(*order)

    assert (await handlers.case()).suspended_by is None
    resumed = sum(isinstance(each, CaseResumed) for each in handlers.published)
    assert resumed == any(isinstance(each, CaseSuspended) for each in handlers.published)
    assert no_document_is_published_twice(handlers)


def no_document_is_published_twice(handlers: ReviewHarness) -> bool:
    documents = [each.document_number for each in handlers.published if isinstance(each, CaseSuspended)]
    return len(documents) == len(set(documents))


@pytest.mark.rule("S2", "S3")
@pytest.mark.parametrize(
    "order",
    list(
        permutations(
            [
                BY_ASSESSOR,
                SANCTIONED,
                (record_representative, registered()),
                (record_representative, represented(sequence=4)),
            ]
        )
    ),
)
async def test_who_represents_the_assessor_changes_nothing_of_its_sanction(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    handlers = await deliver(*order)

    assert (await handlers.case()).suspended_by == "内工信通〔2026〕3号"
    assert (await handlers.store().assessors.require(ASSESSOR.uscc)).representative == "b" * 64


@pytest.mark.rule("S2")
async def test_a_sanction_that_has_run_out_resumes_nothing_and_suspends_nothing_new(deliver: Deliver) -> None:
    handlers = await deliver(BY_ASSESSOR, SANCTIONED)
    handlers.today = date(2029, 4, 21)

    ended = sanctioned(3, number="内工信通〔2026〕5号", until=date(2029, 4, 20))
    assert await handlers.deliver(record_sanction, ended) == []
    await handlers.open(accepted("app-2", unit(COPPER), by=ASSESSOR))

    assert (await handlers.case()).suspended_by is not None
    assert (await handlers.case("app-2")).suspended_by is None


@pytest.mark.rule("S2")
@pytest.mark.parametrize("order", list(permutations([BY_ASSESSOR, SANCTIONED, REVOKED, WITHDRAWN])))
async def test_a_withdrawn_case_is_closed_once_whether_or_not_it_was_suspended(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    handlers = await deliver(*order)

    assert (await handlers.case()).state is Stage.CLOSED
    assert sum(isinstance(each, CaseClosed) for each in handlers.published) == 1


@pytest.mark.rule("S2")
async def test_a_suspended_case_takes_no_step(deliver: Deliver) -> None:
    handlers = await deliver(BY_ASSESSOR, SANCTIONED)

    with pytest.raises(Exception, match="case-suspended"):
        await handlers.do(
            decide_initial_review, DecideInitialReview("app-1", accept=True, text="", dealt_with={}, by=OFFICER)
        )


@pytest.mark.rule("S2", "V10")
async def test_a_sanction_during_the_notice_holds_the_case_back_until_it_is_revoked(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    assessor_case = accepted("app-3", unit("911504000000000431"), by=ASSESSOR)
    handlers.today = date(2026, 5, 20)
    resting = await handlers.score(assessor_case, "0.95")

    await handlers.visit()
    await handlers.rank(decision=ONCE_MORE)
    handlers.today = date(2026, 6, 18)
    second = await handlers.publish()
    await handlers.deliver(record_sanction, sanctioned(2))
    handlers.today = DAY_AFTER
    await handlers.conclude(second)
    assert (await handlers.case(resting)).state is Stage.IN_NOTICE

    resumed, cleared = await handlers.deliver(record_revocation, revoked(3))

    assert isinstance(resumed, CaseResumed)
    assert isinstance(cleared, CaseCleared)
    assert cleared.case_id == resting
    assert (await handlers.case(one)).notice_id == notice_id


@pytest.mark.rule("Q5", "S6")
@pytest.mark.parametrize("accepted_first", [True, False])
async def test_the_end_of_a_case_tells_whether_initial_review_had_accepted_it(
    deliver: Deliver, *, accepted_first: bool
) -> None:
    handlers = await deliver((open_case, accepted()))
    if accepted_first:
        await handlers.agree("app-1")
        await handlers.accept("app-1")

    await handlers.do(*WITHDRAWN)

    (closed,) = [each for each in handlers.published if isinstance(each, CaseClosed)]
    assert closed.initial_review_accepted is accepted_first
