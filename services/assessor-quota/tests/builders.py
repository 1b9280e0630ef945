"""Builders of assessors, commands and events, with the people and organisations of the tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import ActorRef
from assessor_quota.domain.sanction import ViolationFinding, sanction
from assessor_quota.domain.staff import StaffMember
from assessor_quota.handlers.register import RegisterAssessor
from assessor_quota.handlers.representatives import ChangeRepresentative
from assessor_quota.handlers.sanctions import RevokeSanction, SanctionAssessor
from chassis.security import KeyRing
from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn
from messages.event import Event
from messages.registry import UnitListed
from messages.review import CaseClosed, InitialReviewAccepted, InitialReviewRefused, Outcome
from messages.values import AssessorRef, Level, PersonRef, Prefecture, UnitRef, UnitType
from rulebook import rules_on

NOW = datetime(2026, 4, 20, 2, tzinfo=UTC)
TODAY = date(2026, 4, 20)
RULES = rules_on(TODAY)
LIMIT = RULES.quota.items_per_year
KEYS = KeyRing("k1", {"k1": bytes(32)})
NUMBER = "15010219800101113X"
_WANG = KEYS.identify(NUMBER)
WANG = PersonRef(digest=_WANG.digest, masked=_WANG.masked)
LI = PersonRef(digest="b" * 64, masked="15**************21")
NORTH, SOUTH, OTHER = "911501000000000191", "911502000000000271", "911503000000000351"
"""North and South have the same legal representative, Wang; Other has Li."""
THIRD = "911505000000000511"
"""An assessor that is registered only where a test says so."""
STEEL = "911504000000000431"
OFFICER = ActorRef("officer-1", ("regional_officer",))
FRAUD = ViolationFinding("评价报告数据造假", "现场核查记录〔2026〕3号")
AFTER_ACCEPTANCE = ("late", "mandatory_item_failed", "below_pass_mark", "beyond_cap", "objection_upheld")
NEW_YEAR = datetime(2027, 1, 1, 2, tzinfo=UTC)
END_OF_JANUARY = datetime(2027, 1, 31, 2, tzinfo=UTC)
LAST_DAY = datetime(2027, 4, 30, 15, 59, tzinfo=UTC)
"""The last minute of 30 April in Shanghai."""
DAY_AFTER = datetime(2027, 4, 30, 16, tzinfo=UTC)
E = TypeVar("E", bound=Event)


def assessor(uscc: str = NORTH, representative: PersonRef = WANG) -> Assessor:
    name = f"评价机构{uscc[3:6]}"
    return Assessor(
        uscc=uscc,
        name=name,
        representative=representative,
        representative_name="王某",
        scope=(UnitType.FACTORY, UnitType.PARK, UnitType.SUPPLY_CHAIN),
        staff=(
            StaffMember("S1", "赵某", "注册环保工程师", date(2024, 1, 1)),
            StaffMember("S2", "钱某", "高级工程师", date(2024, 1, 1), date(2026, 3, 31)),
        ),
        registered_on=date(2026, 1, 5),
    ).named(name)


def registration(whose: Assessor, earlier: tuple[str, ...] = ()) -> RegisterAssessor:
    return RegisterAssessor(
        uscc=whose.uscc,
        name=whose.name,
        representative=whose.representative,
        representative_name=whose.representative_name,
        earlier_digests=earlier,
        scope=whose.scope,
        staff=whose.staff,
        by=OFFICER,
    )


def event_types(said: Sequence[object]) -> list[type]:
    return [type(each) for each in said]


def decision(document_number: str = "一号", decided_on: date = TODAY, against: str = NORTH) -> SanctionAssessor:
    return SanctionAssessor(against, document_number, decided_on, (FRAUD,), OFFICER)


def revocation(document_number: str = "撤一号", on: date = TODAY, decision: str | None = None) -> RevokeSanction:
    return RevokeSanction(NORTH, document_number, on, OFFICER, decision)


def change(
    to: PersonRef = LI,
    on: date = TODAY,
    of: str = NORTH,
    earlier: tuple[str, ...] = (),
    document_number: str = "变更一号",
) -> ChangeRepresentative:
    return ChangeRepresentative(of, to, "李某", earlier, on, document_number, OFFICER)


def under_sanction(whose: Assessor, decided_on: date, document_number: str = "内工信罚〔2026〕1号") -> Assessor:
    return whose.with_sanction(sanction(document_number, decided_on, [FRAUD], RULES))


def unit(unit_type: UnitType = UnitType.FACTORY) -> UnitRef:
    return UnitRef(uscc=STEEL, name="草原钢铁", unit_type=unit_type, prefecture=Prefecture.CHIFENG)


def submitted(  # noqa: PLR0913 - what a test may want to say
    application_id: str = "app-1",
    by: str = NORTH,
    *,
    sequence: int = 1,
    batch_year: int = 2026,
    submitted_on: date = TODAY,
    unit_type: UnitType = UnitType.FACTORY,
    lead_author: str | None = None,
    reviewer: str | None = None,
) -> ApplicationSubmitted:
    evaluation = {
        "way": "assessor",
        "assessor": AssessorRef(uscc=by, name="评价机构"),
        "lead_author": lead_author,
        "reviewer": reviewer,
    }
    return ApplicationSubmitted.model_validate(
        {
            **_application(application_id, batch_year, sequence),
            "unit": unit(unit_type),
            "evaluation": evaluation,
            "submitted_at": NOW,
            "submitted_on": submitted_on,
            "submission": 1,
        }
    )


def self_evaluated(application_id: str = "app-1") -> ApplicationSubmitted:
    return ApplicationSubmitted.model_validate(
        {
            **_application(application_id, 2026, 1),
            "evaluation": {"way": "self"},
            "submitted_at": NOW,
            "submitted_on": TODAY,
            "submission": 1,
        }
    )


def withdrawn(
    application_id: str = "app-1", sequence: int = 2, *, after_initial_review: bool = False
) -> ApplicationWithdrawn:
    return ApplicationWithdrawn.model_validate(
        {
            **_application(application_id, 2026, sequence),
            "withdrawn_on": TODAY,
            "initial_review_accepted": after_initial_review,
        }
    )


def refused(application_id: str = "app-1", sequence: int = 2) -> ApplicationRefused:
    return ApplicationRefused.model_validate(
        {
            **_application(application_id, 2026, sequence),
            "refused_on": TODAY,
            "reasons": [{"rule": "E11", "article": "第二十五条", "code": "banned", "text": "三年内不得重新申报"}],
        }
    )


def accepted(case_id: str = "app-1") -> InitialReviewAccepted:
    return InitialReviewAccepted.model_validate({**_case(case_id), "accepted_on": TODAY})


def review_refused(case_id: str = "app-1") -> InitialReviewRefused:
    return InitialReviewRefused.model_validate({**_case(case_id), "refused_on": TODAY, "reasons": []})


def closed(outcome: Outcome, case_id: str = "app-1", *, accepted_before: bool | None = None) -> CaseClosed:
    """Accepted before by the outcomes that only an accepted case has, unless said otherwise."""
    accepted = outcome in AFTER_ACCEPTANCE if accepted_before is None else accepted_before
    end: dict[str, object] = {
        "outcome": outcome,
        "reasons": [],
        "closed_on": TODAY,
        "initial_review_accepted": accepted,
    }
    return CaseClosed.model_validate({**_case(case_id), **end})


def submission(
    application_id: str,
    by: str,
    prefecture: Prefecture = Prefecture.CHIFENG,
    unit_type: UnitType = UnitType.FACTORY,
    sequence: int = 1,
) -> Event:
    said = submitted(application_id, by, sequence=sequence, unit_type=unit_type)
    return said.model_copy(update={"unit": unit(unit_type).model_copy(update={"prefecture": prefecture})})


def listed(case_id: str, listed_on: date = date(2026, 11, 20)) -> UnitListed:
    return UnitListed(
        unit_key=f"{unit().key}:factory",
        unit=unit(),
        level=Level.REGION,
        listed_on=listed_on,
        list_number=1,
        document_number="内工信绿〔2026〕1号",
        case_id=case_id,
        sequence=1,
    )


def case_closed(outcome: Outcome, case_id: str, *, after_acceptance: bool | None = None) -> CaseClosed:
    return numbered(closed(outcome, case_id, accepted_before=after_acceptance), 9)


def numbered(event: E, sequence: int) -> E:
    return event.model_copy(update={"sequence": sequence})


def succeeding(application_id: str, *told: object) -> list[Event]:
    return [submission(application_id, *told), accepted(application_id), listed(application_id)]  # type: ignore[arg-type]


def failing(application_id: str, *told: object) -> list[Event]:
    end = case_closed("below_pass_mark", application_id)
    return [submission(application_id, *told), accepted(application_id), end]  # type: ignore[arg-type]


def turned_down(application_id: str, *told: object) -> list[Event]:
    refused = review_refused(application_id)
    end = case_closed("initial_review_refused", application_id)
    return [submission(application_id, *told), refused, end]  # type: ignore[arg-type]


def withdrawn_before_review(application_id: str, *told: object) -> list[Event]:
    """Withdrawn before initial review decided."""
    end = case_closed("withdrawn", application_id, after_acceptance=False)
    return [submission(application_id, *told), withdrawn(application_id), end]  # type: ignore[arg-type]


def day(text: str) -> datetime:
    """Ten in the morning of that day in Shanghai."""
    return datetime.fromisoformat(f"{text}T10:00:00+08:00").astimezone(UTC)


def _application(application_id: str, batch_year: int, sequence: int) -> dict[str, object]:
    return {
        "application_id": application_id,
        "unit": unit(),
        "level": Level.REGION,
        "batch_year": batch_year,
        "evaluation": {"way": "assessor", "assessor": {"uscc": NORTH, "name": "评价机构"}},
        "rule_set": RULES.version,
        "sequence": sequence,
    }


def _case(case_id: str) -> dict[str, object]:
    return {
        "case_id": case_id,
        "unit": unit(),
        "level": Level.REGION,
        "batch_year": 2026,
        "assessor": {"uscc": NORTH, "name": "评价机构"},
        "rule_set": "2024-01-19",
    }
