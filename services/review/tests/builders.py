"""Invented units, experts and papers for the tests of this service, told in the field's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from messages.applications import ApplicationAccepted, ApplicationWithdrawn, EligibilityLost
from messages.assessor_quota import (
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    SanctionRevoked,
)
from messages.registry import UnitListed, UnitRemoved
from messages.review import Stage
from messages.values import (
    AssessorRef,
    Ban,
    Department,
    Evaluation,
    FileRef,
    IndicatorValue,
    Level,
    MandatoryItemAnswer,
    PersonRef,
    Prefecture,
    Reason,
    SchemeRef,
    UnitRef,
    UnitType,
)
from review.domain import consultation
from review.domain.case import Case, Score, ScoreSheet
from review.domain.expert import EarlierEvaluation, Expert
from review.domain.group import line_of
from review.domain.ranking import (
    Batch,
    BatchRanking,
    RankedBatch,
    RepeatEvaluationDecision,
)
from review.domain.ranking_result import RankingBasis, RankingCheck, RankingSeal, make_ranking, taken_places
from review.domain.record import ActorRef
from rulebook import rules_on, scheme_on
from stdnum.cn import uscc as gb32100

OPENED = date(2026, 4, 20)
RULES = rules_on(OPENED)
SCHEME = scheme_on("factory", OPENED)
SEED = "5eed" * 16

STEEL, COPPER, DAIRY, SOLAR = "911501000000000191", "911502000000000271", "911503000000000351", "911504000000000431"
ASSESSOR = AssessorRef(uscc="911505000000000511", name="内蒙古示例评价有限公司")
AFFILIATE = AssessorRef(uscc="911506000000000690", name="内蒙古示例咨询有限公司")

OFFICER = ActorRef("officer-baotou", "prefecture_officer")
REGION = ActorRef("officer-region", "regional_officer")
ORGANISATION = ActorRef("review-house", "review_organisation")
CITIZEN = ActorRef("citizen", "public")
EXPERTS = ("expert-1", "expert-2", "expert-3", "expert-4", "expert-5")
DEPARTMENTS = tuple(Department)
SCAN = FileRef(name="审核意见.pdf", sha256="c" * 64, size=120_000, media_type="application/pdf")
"""The opinion document as it was signed."""


def at(day: date, hour: int = 10) -> datetime:
    """An hour of a day in Shanghai."""
    return datetime.combine(day, time(hour), UTC) - timedelta(hours=8)


def unit(uscc: str = STEEL, **changed: Any) -> UnitRef:  # noqa: ANN401 - a field of the unit
    usual = UnitRef(
        uscc=uscc, name=f"内蒙古示例{uscc[5]}号有限公司", unit_type=UnitType.FACTORY, prefecture=Prefecture.BAOTOU
    )
    return usual.model_copy(update=changed)


def organisations(count: int) -> list[UnitRef]:
    """Invented organisations with valid codes."""
    digit: Callable[[str], str] = gb32100.calc_check_digit
    bodies = [f"91150100{number:09d}" for number in range(1, count + 1)]
    return [unit(body + digit(body)) for body in bodies]


def accepted(
    case_id: str = "app-1",
    of: UnitRef | None = None,
    *,
    by: AssessorRef | None = None,
    group: str | None = None,
    submitted: date = date(2026, 4, 18),
) -> ApplicationAccepted:
    return ApplicationAccepted(
        application_id=case_id,
        unit=of or unit(),
        level=Level.REGION,
        batch_year=2026,
        evaluation=Evaluation(way="assessor" if by else "self", assessor=by),
        rule_set=RULES.version,
        submitted_at=at(submitted),
        submitted_on=submitted,
        scheme=SchemeRef(id=SCHEME.id, version=SCHEME.version),
        indicators=tuple(
            IndicatorValue(indicator=each.id, value=each.leading or Decimal(0), unit=each.unit)
            for each in SCHEME.indicators
        ),
        mandatory_items=tuple(MandatoryItemAnswer(item=each.id, passed=True) for each in SCHEME.mandatory_items),
        self_score=Decimal(100),
        evidence=(),
        legal_representative=PersonRef(digest="b" * 64, masked="15**************21"),
        group=group,
    )


def withdrawn(case_id: str = "app-1", of: UnitRef | None = None) -> ApplicationWithdrawn:
    same = accepted(case_id, of).model_dump(include=set(ApplicationWithdrawn.model_fields) - {"withdrawn_on"})
    return ApplicationWithdrawn(**same, withdrawn_on=OPENED, initial_review_accepted=False)


def ineligible(case_id: str = "app-1", of: UnitRef | None = None) -> EligibilityLost:
    same = accepted(case_id, of).model_dump(include=set(EligibilityLost.model_fields) - {"lost_on", "reasons"})
    why = Reason(rule="E4", article="第十二条第（五）项", code="tax-evasion", text="存在偷税漏税行为")
    return EligibilityLost(**same, lost_on=OPENED, reasons=(why,))


def removed(of: UnitRef | None = None, *, on: date = OPENED, ban: bool = True) -> UnitRemoved:
    of = of or unit()
    why = Reason(rule="D5", article="第二十四条", code="major-accident", text="发生重大生产安全事故")
    return UnitRemoved(
        unit_key=of.key,
        sequence=1,
        unit=of,
        levels=(Level.REGION,),
        reasons=(why,),
        removed_on=on,
        document_number="内工信移〔2026〕1号",
        ban=Ban(first_day=on, last_day=on.replace(year=on.year + 3)) if ban else None,
        rule_set=RULES.version,
    )


def listed(case_id: str = "app-1", of: UnitRef | None = None) -> UnitListed:
    of = of or unit()
    return UnitListed(
        unit_key=of.key,
        unit=of,
        level=Level.REGION,
        listed_on=date(2026, 8, 1),
        list_number=1,
        document_number="内工信〔2026〕8号",
        case_id=case_id,
    )


def sanctioned(
    sequence: int = 2,
    of: AssessorRef = ASSESSOR,
    *,
    number: str = "内工信通〔2026〕3号",
    until: date = date(2029, 4, 20),
    affiliates: Sequence[AssessorRef] = (),
) -> AssessorSanctioned:
    why = Reason(rule="S1", article="第三十一条", code="fraud", text="评价过程中弄虚作假")
    return AssessorSanctioned(
        sequence=sequence,
        assessor_uscc=of.uscc,
        name=of.name,
        ban=Ban(first_day=OPENED, last_day=until),
        document_number=number,
        reasons=(why,),
        affiliates=tuple(affiliates),
    )


def revoked(
    sequence: int = 3, of: AssessorRef = ASSESSOR, *, left: Ban | None = None, decision: str | None = None
) -> SanctionRevoked:
    return SanctionRevoked(
        sequence=sequence,
        assessor_uscc=of.uscc,
        name=of.name,
        revoked_on=OPENED,
        document_number="内工信通〔2026〕9号",
        ban=left,
        decision=decision,
    )


def person(letter: str) -> PersonRef:
    return PersonRef(digest=letter * 64, masked="15**************21")


def registered(of: AssessorRef = ASSESSOR, by: str = "a", sequence: int = 1) -> AssessorRegistered:
    """``by`` is the representative, told by one letter."""
    return AssessorRegistered(
        sequence=sequence,
        assessor_uscc=of.uscc,
        name=of.name,
        representative=person(by),
        scope=tuple(UnitType),
        registered_on=date(2025, 1, 10),
    )


def represented(of: AssessorRef = ASSESSOR, by: str = "b", sequence: int = 4) -> LegalRepresentativeChanged:
    return LegalRepresentativeChanged(
        sequence=sequence,
        assessor_uscc=of.uscc,
        name=of.name,
        former=person("a"),
        representative=person(by),
        changed_on=OPENED,
        document_number="内市监变〔2026〕1号",
        carried=(),
    )


def opened_case(event: ApplicationAccepted | None = None, **changed: Any) -> Case:  # noqa: ANN401 - a field of the case
    return replace(consultation.open_case(event or accepted(), RULES, OPENED).case, **changed)


def expert(name: str = "expert-1", employer: str = "内蒙古示例大学", **more: Any) -> Expert:  # noqa: ANN401 - a field
    return Expert(name, employer, **more)


def values(share: str = "1", **changed: str) -> dict[str, Decimal]:
    """Values that score the given share of each indicator's points."""
    part = Decimal(share)
    found = {
        each.id: (each.benchmark or 0) + part * ((each.leading or 0) - (each.benchmark or 0))
        for each in SCHEME.indicators
    }
    return found | {name: Decimal(value) for name, value in changed.items()}


def mandatory_items(**failed: bool) -> dict[str, bool]:
    return {each.id: True for each in SCHEME.mandatory_items} | failed


def sheet(of: str = "expert-1", share: str = "0.8", *, visit: bool = False, fails: Sequence[str] = ()) -> ScoreSheet:
    return ScoreSheet(of, values(share), mandatory_items(**dict.fromkeys(fails, False)), visit)


def score(total: str, energy_carbon: str = "30") -> Score:
    return Score(Decimal(total), Decimal(energy_carbon), (), {}, OPENED)


def scored_case(
    case_id: str, total: str, energy_carbon: str = "30", *, event: ApplicationAccepted | None = None
) -> Case:
    return opened_case(event or accepted(case_id), state=Stage.SCORED, score=score(total, energy_carbon))


def evaluated(uscc: str, year: int) -> tuple[EarlierEvaluation, ...]:
    return (EarlierEvaluation(uscc, year),)


BATCH = Batch("region-2026", "region", 2026, SEED, OPENED)  # type: ignore[arg-type]
ONCE_MORE = RepeatEvaluationDecision("内工信〔2026〕6号", date(2026, 5, 30))


def ranked(*cases: Case, after: Sequence[BatchRanking] = (), **basis: Any) -> RankedBatch:  # noqa: ANN401 - the basis
    usual = RankingBasis(BATCH, "act-1", len(after) + 1, OPENED, taken_places(after))
    return make_ranking(replace(usual, **basis), [line_of(case, "act-1", 1) for case in cases])


def reproducible(made: RankedBatch, suspended: Sequence[str] = ()) -> bool:
    """Whether the lines give the ranking again, read in pages of two."""
    check = RankingCheck(made.ranking)
    check.add_suspended(suspended)
    for first in range(0, len(made.lines), 2):
        check.add(made.lines[first : first + 2])
    return check.reproducible


def sealed(made: RankedBatch) -> RankedBatch:
    """The ranking with the digest that its present lines give."""
    seal = RankingSeal(made.ranking)
    seal.add(made.lines)
    return replace(made, ranking=replace(made.ranking, digest=seal.digest))


def order(made: RankedBatch) -> list[str]:
    return [line.case_id for line in made.lines]
