"""The check of a demo season: it accepts the expected result and names every difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from deploy.demo import personas
from deploy.demo.calls import Json
from deploy.demo.check import EXPECTED, Expected, differences
from deploy.demo.decisions import Decisions
from deploy.demo.personas import CLEARED, TIES, YEAR, Applicant, EdgeCase
from deploy.demo.results import LISTED, ApplicationResult, RefusalReason, SeasonResult
from deploy.demo.stages.sanctioning import FIRST, REVERSAL, SECOND, WRONG

PERSONAS = personas.load()
SCORE = Decimal("88.10")
Damage = Callable[[SeasonResult], SeasonResult]


def expected_result() -> SeasonResult:
    """Result of a season as it must come out."""
    results = tuple(result(each) for each in PERSONAS.applicants)
    holders = holding(PERSONAS.by_edge_case(EdgeCase.WITHDRAWN))
    return SeasonResult(
        applications=results,
        announced={},
        lines=[{} for each in results if each.ending == LISTED],
        chain={"intact": True},
        rankings=[{"reproducible": True}, {"reproducible": True}],
        notice={"minimum_end": f"{YEAR}-09-24"},
        quota={"used": 15, "items": [{"unit": {"uscc": each.unit.uscc}} for each in holding()]},
        shown_in_refusal=holders,
        decisions=decisions(),
        undelivered=0,
        returned=("E3",),
    )


def result(applicant: Applicant) -> ApplicationResult:
    expected = EXPECTED[applicant.case] if applicant.case else Expected(LISTED)
    tied = TIES.index(applicant.case) if applicant.case in TIES else None
    return ApplicationResult(
        applicant=applicant,
        ending=expected.ending,
        reasons=tuple(RefusalReason(rule, "", "") for rule in expected.rules),
        rank=None if tied is None else 10 + tied,
        score=None if tied is None else SCORE,
        energy_carbon=None if tied is None else Decimal(60 if tied == 0 else 50),
        forwarded_on=f"{YEAR}-05-31" if applicant.case is EdgeCase.LAST_DAY else None,
        opinions=("agree", "overdue") if applicant.case is EdgeCase.DEPARTMENT_SILENT else (),
    )


def holding(withdrawn: Applicant | None = None) -> tuple[Applicant, ...]:
    """Applicants whose items count for the representative of two assessors: at the end, or before the withdrawal."""
    one = PERSONAS.assessor_of(EdgeCase.QUOTA_EXHAUSTED).representative
    never = (EdgeCase.QUOTA_EXHAUSTED, EdgeCase.RELEASED_ITEM if withdrawn else EdgeCase.WITHDRAWN)
    return tuple(
        each
        for each in PERSONAS.applicants
        if each.assessor and each.assessor.representative == one and each.case not in never
    )


def decisions() -> Decisions:
    suspended, later = (PERSONAS.assessor_of(each) for each in (EdgeCase.REPORT_SUSPENDED, EdgeCase.SANCTIONED_LATER))
    flagged = PERSONAS.by_edge_case(EdgeCase.SANCTIONED_LATER).unit.uscc
    return Decisions(
        in_force=[decision(suspended.uscc, FIRST), decision(later.uscc, SECOND)],
        revoked=[decision(PERSONAS.assessor(CLEARED).uscc, WRONG, REVERSAL)],
        affiliates=[{"uscc": suspended.uscc, "document_number": FIRST}],
        flagged=[{"uscc": flagged, "flags": [{"document_number": SECOND}]}],
    )


def decision(uscc: str, document: str, revocation: str | None = None) -> Json:
    return {"assessor": {"uscc": uscc}, "sanction": {"document_number": document, "revocation_document": revocation}}


def with_fate(case: EdgeCase, **other: Any) -> Damage:  # noqa: ANN401 - as the fields are
    def damage(account: SeasonResult) -> SeasonResult:
        results = (replace(each, **other) if each.applicant.case is case else each for each in account.applications)
        return replace(account, applications=tuple(results))

    return damage


def with_part(**other: Any) -> Damage:  # noqa: ANN401 - as the fields are
    return lambda account: replace(account, **other)


def with_decisions(**other: list[Json]) -> Damage:
    return lambda account: replace(account, decisions=replace(account.decisions, **other))


def without_an_ordinary_one(account: SeasonResult) -> SeasonResult:
    (first, *_) = [each for each in account.applications if each.applicant.case is None]
    results = (replace(each, ending="late") if each is first else each for each in account.applications)
    return replace(account, applications=tuple(results))


ENDINGS = [
    pytest.param(with_fate(case, ending="open"), f"({case}): open", id=f"{case} ends otherwise") for case in EdgeCase
] + [
    pytest.param(
        with_fate(case, reasons=(RefusalReason("X9", "", ""),)),
        f"({case}): {EXPECTED[case].ending} X9",
        id=f"{case} why",
    )
    for case in EdgeCase
]
PARTS = [
    (without_an_ordinary_one, "(no edge case): late"),
    (with_fate(EdgeCase.TIE_LATER, score=SCORE + 1), "the tie has different scores"),
    (with_fate(EdgeCase.TIE_LATER, rank=9), "the tie is not ranked in order"),
    (with_fate(EdgeCase.TIE_EARLIER, rank=None), "the tie is not ranked in order"),
    (with_fate(EdgeCase.TIE_MORE_ENERGY, energy_carbon=Decimal(50)), "the tie's energy and carbon scores"),
    (with_fate(EdgeCase.TIE_LATER, energy_carbon=Decimal(49)), "the tie's energy and carbon scores"),
    (with_part(quota={"used": 16, "items": expected_result().quota["items"]}), "the quota counts 16"),
    (with_part(quota={"used": 15, "items": expected_result().quota["items"][1:]}), "shows 14 items"),
    (with_part(shown_in_refusal=holding(PERSONAS.by_edge_case(EdgeCase.WITHDRAWN))[1:]), "the refusal showed 14"),
    (with_part(shown_in_refusal=holding()), "the refusal showed 15 items, not the 15 in use then"),
    (with_decisions(in_force=decisions().in_force[:1]), "sanctions in force"),
    (with_decisions(revoked=[]), "sanctions of the cleared assessor"),
    (
        with_decisions(revoked=[decision(PERSONAS.assessor(CLEARED).uscc, WRONG)]),
        "sanctions of the cleared assessor",
    ),
    (with_decisions(affiliates=[]), "sanctioned affiliates on the case"),
    (with_decisions(flagged=[]), "flagged for supervision"),
    (with_part(returned=("E1",)), "the returned application was refused first for"),
    (with_fate(EdgeCase.LAST_DAY, forwarded_on=f"{YEAR}-06-01"), "the last one was forwarded on 2026-06-01"),
    (with_fate(EdgeCase.DEPARTMENT_SILENT, opinions=("agree",)), "the silent department is not on record"),
    (with_part(notice={"minimum_end": f"{YEAR}-09-23"}), "the notice could end on 2026-09-23"),
    (with_part(lines=expected_result().lines[1:]), "lines for"),
    (with_part(undelivered=2), "2 e-mails could not be sent"),
    (with_part(chain={"intact": False}), "the chain of lists is not intact"),
    (with_part(rankings=[{"reproducible": True}, {"reproducible": False}]), "a ranking is not reproducible"),
]


def test_expected_result_has_no_difference() -> None:
    assert differences(expected_result()) == []


@pytest.mark.parametrize(("damage", "named"), [*ENDINGS, *PARTS])
def test_every_difference_is_named(damage: Damage, named: str) -> None:
    assert [each for each in differences(damage(expected_result())) if named in each]
