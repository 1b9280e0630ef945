"""The table of stages: complete, in order, and each stage in its groups."""

from __future__ import annotations

from itertools import pairwise

import pytest
from messages.review import Stage
from review.domain.case import STAGE_TEXTS, STAGES, StageGroup, stage_before, stages_in


def test_every_stage_has_one_row_in_the_order_of_the_contract() -> None:
    assert [each.stage for each in STAGES] == list(Stage)


def test_every_stage_has_words_of_its_own_for_a_refusal() -> None:
    assert len(set(STAGE_TEXTS.values())) == len(Stage)


def test_every_stage_belongs_to_a_group() -> None:
    assert [each.stage for each in STAGES if not each.groups] == []


def test_stages_before_forwarding_are_with_the_prefecture_department() -> None:
    order = list(Stage)

    assert stages_in(StageGroup.UNFORWARDED) == tuple(order[: order.index(Stage.FORWARDED)])


def test_an_ended_stage_belongs_to_no_other_group() -> None:
    assert {len(each.groups) for each in STAGES if StageGroup.ENDED in each.groups} == {1}


@pytest.mark.parametrize(("before", "stage"), list(pairwise(Stage)))
def test_a_case_comes_to_a_stage_from_the_row_before(before: Stage, stage: Stage) -> None:
    assert stage_before(stage) is before
