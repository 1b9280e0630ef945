"""Personas of the demo: invented units, assessors and experts, and the edge cases among them."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path

from messages.values import AssessorRef, Prefecture, UnitRef, UnitType

from deploy.demo.personas.codes import document_number, organisation_code

YEAR = 2026
"""The batch year."""
_FOLDER = Path(__file__).parent
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡林郭何高罗"


class EdgeCase(StrEnum):
    """Way of an applicant through the season that differs from the usual one."""

    QUOTA_EXHAUSTED = "quota_exhausted"
    """One item over the quota of a legal representative with two assessors (Q1)."""
    WITHDRAWN = "withdrawn"
    """Withdraws before initial review; its item is released (A5, Q5)."""
    RELEASED_ITEM = "released_item"
    """Gets the item that the withdrawal released (Q5)."""
    BANNED = "banned"
    """Removed in 2024 under a former name (B1, E11)."""
    SEVERAL_FAULTS = "several_faults"
    """Seven faults, all named in one answer."""
    RETURNED = "returned"
    """Refused for one certificate, amended, submitted again (A6)."""
    LATE = "late"
    """Forwarded on 4 June (V4)."""
    LAST_DAY = "last_day"
    """Forwarded on 31 May shortly before midnight (T6)."""
    INITIAL_REVIEW_REFUSED = "initial_review_refused"
    DEPARTMENT_OBJECTS = "department_objects"
    """One department objects; the opinion document answers it (V2)."""
    DEPARTMENT_SILENT = "department_silent"
    """One department lets the due day pass (V2)."""
    MANDATORY_ITEM_FAILED = "mandatory_item_failed"
    """The experts find a mandatory item not met (V6)."""
    BELOW_PASS_MARK = "below_pass_mark"  # noqa: S105 - a mark, no password
    BORDERLINE = "borderline"
    """Visited on site, and confirmed (V7)."""
    SITE_LOWERS = "site_lowers"
    """Visited on site, and found below the pass mark (V7)."""
    TIE_MORE_ENERGY = "tie_more_energy"
    """Equal score, more of it for energy and carbon (V8)."""
    TIE_EARLIER = "tie_earlier"
    """Equal in both, submitted earlier (V8)."""
    TIE_LATER = "tie_later"
    REPORT_SUSPENDED = "report_suspended"
    """Its assessor is sanctioned in April: it is suspended (S2)."""
    SANCTIONED_ASSESSOR = "sanctioned_assessor"
    """Submitted the day after, with a report by the same assessor (S1, E12)."""
    SANCTIONED_LATER = "sanctioned_later"
    """Its assessor has that one's legal representative (S3) and is sanctioned after the list: flagged (S2)."""
    OBJECTION_UPHELD = "objection_upheld"
    OBJECTION_DISMISSED = "objection_dismissed"
    """Waits while the others are cleared, and follows later (V9)."""


TIES = (EdgeCase.TIE_MORE_ENERGY, EdgeCase.TIE_EARLIER, EdgeCase.TIE_LATER)
"""In the order of their ranks."""
NOT_ON_THE_ROSTER = (EdgeCase.SEVERAL_FAULTS,)
FORMER_NAME = "巴彦淖尔市乌拉特示例铅锌有限公司"
"""Name of the banned unit at its removal."""
REMOVAL = ("2024-06-18", "内工信绿色字〔2024〕37号")
"""Day and document of that removal."""
CLEARED = "a5"
"""Assessor whose sanction is revoked before the season begins (S4)."""


@dataclass(frozen=True)
class Person:
    """An invented person."""

    name: str
    document_number: str


@dataclass(frozen=True)
class Trade:
    """Products of a plant, by its class in GB/T 4754."""

    title: str
    code: str
    products: tuple[tuple[str, str, str], ...]
    """Name, capacity, output of last year."""
    energy_unit: str
    energy_limit: Decimal


@dataclass(frozen=True)
class Assessor:
    id: str
    name: str
    uscc: str
    representative: Person
    scope: tuple[UnitType, ...]

    @property
    def ref(self) -> AssessorRef:
        return AssessorRef(uscc=self.uscc, name=self.name)

    @property
    def staff(self) -> tuple[str, str]:
        """Return author and reviewer of its reports, by their numbers in its register of staff."""
        return f"{self.id}-staff-1", f"{self.id}-staff-2"


@dataclass(frozen=True)
class Expert:
    id: str
    employer: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Applicant:
    id: str
    unit: UnitRef
    trade: Trade
    representative: Person
    score: Decimal
    """Approximate score that the experts will give."""
    assessor: Assessor | None = None
    group: str | None = None
    case: EdgeCase | None = None

    @property
    def order(self) -> int:
        return int(self.id.removeprefix("u"))

    @property
    def claimed(self) -> Decimal:
        """Return the approximate score in the report: a little more than the experts give."""
        if self.case in TIES:
            return self.score
        return self.score + (Decimal(12) if self.case is EdgeCase.BELOW_PASS_MARK else Decimal("1.5"))


@dataclass(frozen=True)
class Personas:
    applicants: tuple[Applicant, ...]
    assessors: tuple[Assessor, ...]
    experts: tuple[Expert, ...]

    def all_of(self, *cases: EdgeCase) -> tuple[Applicant, ...]:
        return tuple(each for each in self.applicants if each.case in cases)

    def assessor(self, name: str) -> Assessor:
        (only,) = (each for each in self.assessors if each.id == name)
        return only

    def assessor_of(self, case: EdgeCase) -> Assessor:
        if (found := self.by_edge_case(case).assessor) is None:
            raise ValueError(f"{case} needs an assessor")
        return found

    def by_edge_case(self, case: EdgeCase) -> Applicant:
        """Return the only applicant of this edge case."""
        (only,) = self.all_of(case)
        return only


@cache
def load() -> Personas:
    assessors = {each.id: each for each in _assessors()}
    trades = dict(_trades())
    applicants = tuple(_applicant(row, trades, assessors) for row in _rows("applicants.csv"))
    experts = (Expert(row["id"], row["employer"], tuple(row["groups"].split())) for row in _rows("experts.csv"))
    return Personas(applicants, tuple(assessors.values()), tuple(experts))


def _applicant(row: dict[str, str], trades: dict[str, Trade], assessors: dict[str, Assessor]) -> Applicant:
    is_park = row["type"] == UnitType.PARK
    unit = UnitRef(
        uscc=organisation_code(row["registered"], int(row["number"]), institution=is_park),
        name=row["name"],
        unit_type=UnitType(row["type"]),
        prefecture=Prefecture(row["prefecture"]),
        park_name=row["name"] if is_park else None,
    )
    return Applicant(
        id=row["id"],
        unit=unit,
        trade=trades[row["trade"]],
        representative=_person(row["registered"], int(row["number"])),
        score=Decimal(row["score"]),
        assessor=assessors.get(row["assessor"]),
        group=row["group"] or None,
        case=EdgeCase(row["case"]) if row["case"] else None,
    )


def _assessors() -> Iterator[Assessor]:
    for row in _rows("assessors.csv"):
        yield Assessor(
            id=row["id"],
            name=row["name"],
            uscc=organisation_code(row["registered"], int(row["number"])),
            representative=_person("150102", 900 + int(row["representative"].removeprefix("p"))),
            scope=tuple(UnitType(each) for each in row["scope"].split()),
        )


def _trades() -> Iterator[tuple[str, Trade]]:
    for key, row in tomllib.loads((_FOLDER / "trades.toml").read_text("utf-8")).items():
        products = tuple((name, capacity, output) for name, capacity, output in row["products"])
        yield key, Trade(row["title"], row["code"], products, row["energy_unit"], Decimal(row["energy_limit"]))


def _person(registered: str, order: int) -> Person:
    return Person(f"{_SURNAMES[order % len(_SURNAMES)]}示例", document_number(registered, order))


def _rows(name: str) -> list[dict[str, str]]:
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
