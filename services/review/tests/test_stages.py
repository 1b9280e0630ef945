"""The table of stages: complete, in order, and each stage where it belongs."""

from __future__ import annotations

import pytest
from messages.review import Stage
from review.domain.case import STAGE_TEXTS, STAGES, StageGroup, stage_before, stages_in


def test_every_stage_has_one_row_in_the_order_of_the_contract() -> None:
    assert [each.stage for each in STAGES] == list(Stage)


def test_every_stage_has_words_of_its_own_for_a_refusal() -> None:
    assert len(set(STAGE_TEXTS.values())) == len(Stage)


def test_every_stage_belongs_to_a_group() -> None:
    assert [each.stage for each in STAGES if not each.groups] == []


def test_a_group_names_its_stages_in_order() -> None:
    assert stages_in(StageGroup.UNDER_REVIEW) == (
        Stage.FORWARDED,
        Stage.PANEL_APPOINTED,
        Stage.SCORING,
        Stage.SITE_ORDERED,
    )


@pytest.mark.parametrize(
    ("stage", "before"),
    [
        (Stage.INITIAL_REVIEW_ACCEPTED, Stage.CONSULTING),
        (Stage.FORWARDED, Stage.OPINION_ISSUED),
        (Stage.PANEL_APPOINTED, Stage.FORWARDED),
        (Stage.CLEARED, Stage.IN_NOTICE),
    ],
)
def test_a_case_comes_to_a_stage_from_the_row_before(stage: Stage, before: Stage) -> None:
    assert stage_before(stage) is before
