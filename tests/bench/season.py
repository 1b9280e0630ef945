"""The load of a season: accepted applications whose assessors repeat, with every indicator of the factory scheme."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from random import Random

from messages.applications import ApplicationAccepted
from messages.values import (
    AssessorRef,
    Evaluation,
    FileRef,
    IndicatorValue,
    Level,
    MandatoryItemAnswer,
    PersonRef,
    SchemeRef,
    UnitRef,
)
from rulebook import rules_on

from tests.support.load_data import DAY, YEAR, Applicant, Assessor
from tests.support.race_environment import NOW

WHOLE_SEASON = 25_000
ASSESSORS = 1_333
"""25,000 × 80 % / 15: a season in which every assessor uses its items of the year."""
SHARE_OF_ASSESSORS = 0.8


def season(size: int, seed: int = 1) -> Iterator[ApplicationAccepted]:
    """Accepted applications: one in five evaluated itself, the others rest on a random assessor's report."""
    random = Random(seed)  # noqa: S311 - repeatable random numbers
    for number in range(1, size + 1):
        rests_on_assessor = random.random() < SHARE_OF_ASSESSORS
        assessor = Assessor(random.randrange(ASSESSORS)) if rests_on_assessor else None
        yield _accepted(Applicant(number, assessor))


def _accepted(applicant: Applicant) -> ApplicationAccepted:
    digest = hashlib.sha256(applicant.uscc.encode()).hexdigest()
    report = applicant.draft(digest)["report"]
    return ApplicationAccepted(
        application_id=application_id(applicant.number),
        unit=UnitRef.model_validate(applicant.unit),
        level=Level.REGION,
        batch_year=YEAR,
        evaluation=_evaluation(applicant.assessor),
        rule_set=rules_on(DAY).version,
        sequence=2,
        submitted_at=NOW,
        submitted_on=DAY,
        scheme=SchemeRef(id=report["scheme_id"], version=report["scheme_version"]),
        indicators=tuple(IndicatorValue.model_validate(each) for each in report["indicators"]),
        mandatory_items=tuple(MandatoryItemAnswer.model_validate(each) for each in report["mandatory_items"]),
        self_score=Decimal(100),
        evidence=(FileRef(name="证明.pdf", sha256=digest, size=120_000, media_type="application/pdf"),),
        legal_representative=PersonRef(digest=digest, masked="15**************11"),
    )


def application_id(number: int) -> str:
    return f"season-{number:06}"


def _evaluation(assessor: Assessor | None) -> Evaluation:
    if assessor is None:
        return Evaluation(way="self")
    named = AssessorRef(uscc=assessor.uscc, name=assessor.name)
    return Evaluation(way="assessor", assessor=named, lead_author="S1", reviewer="S2")
