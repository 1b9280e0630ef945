"""Messages of a season: every event about one application, for any number of units before the same assessor."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from messages import applications, assessor_quota, registry, review
from messages.event import Event
from messages.values import AssessorRef, Evaluation, Prefecture, UnitRef, UnitType
from rulebook import scheme_on, shanghai_date
from stdnum.cn import uscc as gb32100

from tests.contracts.seed import NOW, SAMPLES

ASSESSOR = AssessorRef(uscc="911503000000000351", name="示例评价中心")
"""Of a prefecture of its own: no number of a unit makes this code, and nobody is assessed by oneself (P3)."""
NOTICE = "notice-region-2026-1"
BY_ASSESSOR = Evaluation(way="assessor", assessor=ASSESSOR, lead_author="S1", reviewer="S2")

LIFE: tuple[type[Event], ...] = (
    applications.ApplicationSubmitted,
    assessor_quota.QuotaItemReserved,
    applications.ApplicationAccepted,
    review.CaseOpened,
    review.ConsultationOpened,
    review.ConsultationAnswered,
    review.InitialReviewAccepted,
    assessor_quota.QuotaItemConfirmed,
    review.OpinionIssued,
    review.CaseForwarded,
    review.PanelAppointed,
    review.ScoreSheetSigned,
    review.CaseScored,
    review.PublicNoticeEntered,
    review.CaseCleared,
    registry.UnitListed,
)
"""The way of an application that comes through; every other event about it leaves this way somewhere."""


def is_about_one_application(event: type[Event]) -> bool:
    """Whether there is one such message for each application, and not one for all that it concerns."""
    return bool({"application_id", "case_id", "unit"} & set(event.model_fields))


@dataclass(frozen=True)
class ApplicationMessages:
    """The messages about one application: ``number`` makes its unit and its identifiers."""

    number: int
    _sequences: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def application_id(self) -> str:
        return f"app-2026-{self.number:012d}"

    @property
    def unit(self) -> UnitRef:
        return UnitRef(
            uscc=_uscc(self.number), name="示例钢铁", unit_type=UnitType.FACTORY, prefecture=Prefecture.ORDOS
        )

    def build(self, event: type[Event]) -> Event:
        """The released sample of this event, about this application, its unit and the assessor of all."""
        body = _sample(event.type)
        own: dict[str, Any] = {
            "application_id": self.application_id,
            "case_id": self.application_id,
            "unit": self.unit,
            "unit_key": self.unit.key,
            "evaluation": BY_ASSESSOR,
            "assessor": ASSESSOR,
            "level": "region",
            "batch_year": 2026,
            "notice_id": NOTICE,
            "year": 2026,
            "submission": 1,
        }
        built = event.model_validate(body | {name: own[name] for name in event.model_fields if name in own})
        self._sequences[built.aggregate, built.subject] += 1
        return built.model_copy(update={"sequence": self._sequences[built.aggregate, built.subject]})


def assessor_registered() -> Event:
    registered = assessor_quota.AssessorRegistered
    body = _sample(registered.type) | {"assessor_uscc": ASSESSOR.uscc, "name": ASSESSOR.name, "sequence": 1}
    return registered.model_validate(body)


def notice_concluded() -> Event:
    concluded = review.PublicNoticeConcluded
    body = _sample(concluded.type) | {"notice_id": NOTICE, "level": "region", "batch_year": 2026, "sequence": 2}
    return concluded.model_validate(body)


@cache
def _sample(name: str) -> dict[str, Any]:
    """The body of a released sample, with the scheme in force instead of its invented one."""
    body: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["body"]
    if "scheme" in body:
        scheme = scheme_on(UnitType.FACTORY, shanghai_date(NOW))
        body["scheme"] = {"id": scheme.id, "version": scheme.version}
    return body


def _uscc(number: int) -> str:
    front = f"91150100{number:09d}"
    return front + str(gb32100.calc_check_digit(front))
