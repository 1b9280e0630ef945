from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from assessor_quota.domain.application_progress import (
    ApplicationProgress,
    ProgressEvent,
    ProgressStatus,
    apply_event,
    counted_application,
)
from assessor_quota.store import Store
from devkit import HandlerHarness
from messages.review import Outcome

from .builders import (
    NORTH,
    NOW,
    SOUTH,
    accepted,
    case_closed,
    closed,
    listed,
    numbered,
    refused,
    review_refused,
    self_evaluated,
    submitted,
    withdrawn,
)
from .harness import deliver


def progress_after(*events: ProgressEvent) -> ApplicationProgress:
    progress = ApplicationProgress("app-1")
    for event in events:
        progress = apply_event(progress, event)
    return progress


HISTORIES: dict[ProgressStatus, list[tuple[ProgressEvent, ...]]] = {
    ProgressStatus.LISTED: [(submitted(), accepted(), listed("app-1"))],
    ProgressStatus.WAITING: [(submitted(),), (submitted(), refused(), submitted(sequence=3))],
    ProgressStatus.UNDER_REVIEW: [(submitted(), accepted())],
    ProgressStatus.SELF_EVALUATED: [(self_evaluated(), listed("app-1"))],
    ProgressStatus.NOT_RECEIVED: [(accepted(), listed("app-1"))],
    ProgressStatus.DROPPED: [
        (submitted(), withdrawn()),
        (submitted(), refused()),
        (submitted(), withdrawn(), case_closed("withdrawn", "app-1")),
        (submitted(), case_closed("ineligible", "app-1", after_acceptance=False)),
    ],
    ProgressStatus.FAILED: [
        (submitted(), review_refused(), case_closed("initial_review_refused", "app-1")),
        (submitted(), accepted(), case_closed("below_pass_mark", "app-1")),
        (submitted(), accepted(), withdrawn(after_initial_review=True), case_closed("withdrawn", "app-1")),
        (submitted(), accepted(), case_closed("ineligible", "app-1", after_acceptance=True)),
    ],
}


@pytest.mark.rule("S6")
@pytest.mark.parametrize(
    ("standing", "history"), [(standing, history) for standing, all_of in HISTORIES.items() for history in all_of]
)
def test_a_course_stands_the_same_in_whatever_order_and_however_often_it_is_told(
    standing: ProgressStatus, history: tuple[ProgressEvent, ...]
) -> None:
    found = {progress_after(*order) for order in permutations(history)} | {progress_after(*history, *history)}
    assert len(found) == 1
    assert found.pop().status is standing


@pytest.mark.rule("S6")
@pytest.mark.parametrize(
    "outcome", ["late", "mandatory_item_failed", "below_pass_mark", "beyond_cap", "objection_upheld"]
)
def test_an_outcome_that_only_an_accepted_case_has_is_a_failure_though_the_acceptance_is_not_heard_yet(
    outcome: Outcome,
) -> None:
    assert progress_after(submitted(), numbered(closed(outcome), 4)).status is ProgressStatus.FAILED


@pytest.mark.rule("Q5")
def test_a_case_not_recommended_after_initial_review_accepted_it_gives_no_item_back() -> None:
    """Its outcome is that of a refused initial review, the nearest there is; what review says beside it counts."""
    end = numbered(closed("initial_review_refused", accepted_before=True), 4)
    progress = progress_after(submitted(), end)
    assert (progress.releases_item, progress.status) == (False, ProgressStatus.FAILED)


@pytest.mark.rule("S6")
def test_a_listing_counts_for_the_assessor_of_the_last_submission() -> None:
    first, again = submitted(sequence=1), submitted(by=SOUTH, sequence=3)
    found = counted_application(progress_after(listed("app-1"), again, refused(sequence=2), first))
    assert found is not None
    assert (found.assessor.uscc, found.year, found.listed) == (SOUTH, 2026, True)


@pytest.mark.rule("Q6")
async def test_what_is_done_about_an_item_and_the_note_of_it_are_saved_together(
    handlers: HandlerHarness[Store],
) -> None:
    await deliver(handlers, [withdrawn(), submitted()], NOW)
    item, progress = handlers.documents("items")["app-1"], handlers.documents("progress")["app-1"]
    assert (item["state"], progress["end"]["releases_item"]) == ("released", True)
    assert progress["submission"]["assessor"]["uscc"] == NORTH


@pytest.mark.rule("S6")
async def test_events_that_were_heard_before_change_no_course(handlers: HandlerHarness[Store]) -> None:
    events = [submitted(), accepted(), case_closed("below_pass_mark", "app-1")]
    await deliver(handlers, events, NOW)
    version = handlers.documents("progress")["app-1"]["_version"]
    await deliver(handlers, Random(3).sample(events, 3), NOW)  # noqa: S311 - a repeatable disorder
    assert handlers.documents("progress")["app-1"]["_version"] == version


async def test_a_self_evaluated_case_is_followed_no_further_than_its_submission(
    handlers: HandlerHarness[Store],
) -> None:
    own = accepted().model_copy(update={"assessor": None})
    await deliver(handlers, [self_evaluated(), own], NOW)
    assert handlers.documents("progress")["app-1"]["initial_review_accepted"] is False
    assert handlers.documents("items") == {}
