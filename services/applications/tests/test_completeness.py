"""The parts of an application (A1), its scheme (A2), its files (A3), and its deadline (A6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from applications.domain.application import Application
from applications.domain.completeness import completeness_problems
from messages.values import Evaluation, Level, MandatoryItemAnswer, SchemeRef
from rulebook import scheme_on

from .builders import ASSESSOR, BY_ASSESSOR, DIGEST, PARK, RULES, STEEL, TODAY, application, report, scheme_of


def problems(given: Application, day: date = TODAY, stored: tuple[str, ...] = (DIGEST,)) -> list[tuple[str, str]]:
    scheme = scheme_on(given.unit.unit_type, day)
    return [(each.rule, each.code) for each in completeness_problems(given, day, RULES, scheme, stored)]


def with_report(**changes: Any) -> Application:  # noqa: ANN401 - fields by name
    return replace(application(), report=report(**changes))


def test_a_complete_application_misses_nothing() -> None:
    assert problems(application()) == []


@pytest.mark.rule("A1")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"undertaking": False}, "undertaking-missing"),
        ({"representative": None}, "representative-missing"),
        ({"evidence": ()}, "evidence-missing"),
    ],
)
def test_undertaking_representative_and_evidence_are_asked_for(wrong: dict[str, Any], code: str) -> None:
    assert problems(with_report(**wrong)) == [("A1", code)]


@pytest.mark.rule("A1")
def test_an_application_without_a_report_is_told_so() -> None:
    assert problems(replace(application(), report=None)) == [("A1", "report-missing")]


@pytest.mark.rule("A1")
def test_an_assessors_evaluation_names_the_assessor() -> None:
    unnamed = BY_ASSESSOR.model_copy(update={"assessor": None})
    assert problems(replace(application(), evaluation=BY_ASSESSOR)) == []
    assert problems(replace(application(), evaluation=unnamed)) == [("A1", "assessor-missing")]


@pytest.mark.rule("S7")
def test_an_assessors_report_names_who_wrote_and_who_reviewed_it() -> None:
    unsigned = Evaluation(way="assessor", assessor=ASSESSOR)
    assert problems(replace(application(), evaluation=unsigned)) == [
        ("S7", "lead-author-missing"),
        ("S7", "reviewer-missing"),
    ]
    half = unsigned.model_copy(update={"lead_author": "S1"})
    assert problems(replace(application(), evaluation=half)) == [("S7", "reviewer-missing")]


@pytest.mark.rule("A2")
def test_the_scheme_is_the_one_in_force_on_the_day_of_submission() -> None:
    old = SchemeRef(id="factory-gbt36132", version="2018")

    assert problems(with_report(scheme=old)) == [("A2", "scheme-not-in-force")]
    assert problems(application(), date(2025, 12, 30)) == [("A2", "scheme-not-in-force")]
    assert problems(application(), date(2025, 12, 31)) == []


@pytest.mark.rule("A2")
def test_every_missing_unknown_or_impossible_answer_is_named() -> None:
    filed = report().indicators
    unknown = MandatoryItemAnswer(item="no_such_item", passed=True)
    impossible = replace(filed[1], value=filed[1].value - 10**9)
    wrong = with_report(indicators=(impossible, *filed[2:]), mandatory_items=(*report().mandatory_items, unknown))

    assert sorted(problems(wrong)) == [
        ("A2", "answer-missing"),
        ("A2", "answer-out-of-range"),
        ("A2", "answer-unknown"),
    ]


@pytest.mark.rule("A2")
def test_a_value_in_another_unit_is_refused() -> None:
    filed = report().indicators

    assert problems(with_report(indicators=(replace(filed[0], unit="斤"), *filed[1:]))) == [("A2", "unit-differs")]


@pytest.mark.rule("A2")
def test_a_failed_requirement_is_for_the_experts_to_judge() -> None:
    answers = tuple(MandatoryItemAnswer(item=each.id, passed=False) for each in scheme_of(STEEL).mandatory_items)

    assert problems(with_report(mandatory_items=answers)) == []


@pytest.mark.rule("A3")
def test_a_file_that_was_never_sent_is_named() -> None:
    assert problems(application(), stored=()) == [("A3", "file-missing")]


@pytest.mark.rule("A6")
def test_a_returned_application_comes_again_until_the_31st_of_may() -> None:
    returned = replace(application(), submissions=1)

    assert problems(returned, date(2026, 5, 31)) == []
    assert problems(returned, date(2026, 6, 1)) == [("A6", "deadline-passed")]


@pytest.mark.rule("V4")
@pytest.mark.rule("T6")
@pytest.mark.parametrize(
    ("batch_year", "day", "codes"),
    [
        (2026, date(2026, 5, 31), []),
        (2026, date(2026, 6, 1), [("V4", "deadline-passed")]),
        (2025, date(2026, 4, 20), [("V4", "deadline-passed")]),
        (2027, date(2026, 6, 1), []),
        (2028, date(2026, 4, 20), [("A7", "batch-year-too-far")]),
    ],
)
def test_a_first_submission_comes_while_its_batch_is_open(
    batch_year: int, day: date, codes: list[tuple[str, str]]
) -> None:
    assert problems(replace(application(), batch_year=batch_year), day) == codes


@pytest.mark.rule("A1")
@pytest.mark.parametrize(
    ("level", "rule", "article"),
    [(Level.PREFECTURE, "V11", "第十五条"), (Level.NATION, "V12", "第五条、第十六条")],
)
def test_the_regions_road_is_for_the_regions_level_only(level: Level, rule: str, article: str) -> None:
    (problem,) = completeness_problems(replace(application(), level=level), TODAY, RULES, scheme_of(STEEL), (DIGEST,))

    assert (problem.rule, problem.code, problem.article, problem.pointer) == (
        rule,
        "level-not-offered",
        article,
        "/level",
    )


@pytest.mark.rule("E13")
@pytest.mark.parametrize("name", [None, "", " \u3000"])
def test_a_park_is_named_as_it_was_first_registered(name: str | None) -> None:
    unnamed = PARK.model_copy(update={"park_name": name})

    assert problems(application(PARK)) == []
    assert problems(replace(application(PARK), unit=unnamed)) == [("A1", "park-name-missing")]


@pytest.mark.rule("S7")
def test_of_a_parks_report_the_author_is_not_the_reviewer() -> None:
    alone = BY_ASSESSOR.model_copy(update={"reviewer": BY_ASSESSOR.lead_author})

    assert problems(application(PARK, evaluation=BY_ASSESSOR)) == []
    assert problems(application(PARK, evaluation=alone)) == [("S7", "reviewer-not-distinct")]
    assert problems(application(evaluation=alone)) == []
