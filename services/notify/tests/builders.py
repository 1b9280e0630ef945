"""Events of other services and the readers they concern."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from messages.applications import ApplicationRefused
from messages.assessor_quota import AssessorRegistered, DutyMet, DutyOpened, DutyOverdue
from messages.values import Role
from notify.domain.recipients import Recipient

AT = datetime(2026, 4, 1, 2, tzinfo=UTC)
STEEL, DAIRY = "911502000000000271", "911501000000000191"
"""A unit in Baotou, and a unit and assessor in Hohhot."""
OTHER = "911503000000000351"
"""An organisation that no event concerns."""
APPLICANT = Recipient(Role.APPLICANT, organisation=STEEL)
CODE = "12345678"


def application_refused(uscc: str = STEEL, name: str = "甲", *, sequence: int = 1) -> ApplicationRefused:
    return ApplicationRefused.model_validate(
        {
            "application_id": f"app-{uscc}",
            "unit": {"uscc": uscc, "name": name, "unit_type": "factory", "prefecture": "150200"},
            "level": "region",
            "batch_year": 2026,
            "evaluation": {"way": "self"},
            "rule_set": "2024-01-19",
            "refused_on": "2026-04-01",
            "reasons": [{"rule": "E11", "article": "第二十五条", "code": "banned", "text": "三年内不得重新申报。"}],
            "sequence": sequence,
        }
    )


REFUSED = application_refused()
REGISTERED = AssessorRegistered.model_validate(
    {
        "assessor_uscc": DAIRY,
        "name": "丙",
        "representative": {"digest": "a" * 64, "masked": "张*"},
        "scope": ["factory"],
        "registered_on": "2026-01-10",
        "sequence": 1,
    }
)

DAY = timedelta(days=1)
BEGIN, DUE = date(2027, 1, 1), date(2027, 4, 30)
"""A duty begins, and is due."""
HOLDER = DAIRY


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 2, tzinfo=UTC)


def duty(duty_id: str = f"{HOLDER}:2026") -> dict[str, object]:
    return {
        "duty_id": duty_id,
        "kind": "assessor_statement",
        "holder": HOLDER,
        "holder_name": "示例评价中心",
        "year": 2026,
        "due": DUE,
        "article": "第三十条",
    }


def duty_opened(duty_id: str = f"{HOLDER}:2026") -> DutyOpened:
    return DutyOpened.model_validate(duty(duty_id) | {"opened_on": BEGIN, "provisional": False, "sequence": 1})


def duty_met(met_on: date, duty_id: str = f"{HOLDER}:2026", *, sequence: int = 2) -> DutyMet:
    return DutyMet.model_validate(duty(duty_id) | {"met_on": met_on, "late": met_on > DUE, "sequence": sequence})


def duty_overdue() -> DutyOverdue:
    return DutyOverdue.model_validate(
        duty() | {"noted_on": DUE + DAY, "prefectures": ["150100", "150900"], "sequence": 2}
    )
