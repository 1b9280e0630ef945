"""Load data: invented units, their assessors and complete applications, the same for the same numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from applications.domain.facts import FactKind
from messages.values import Prefecture
from rulebook import Scheme, rules_on, scheme_on
from stdnum.cn import ric as gb11643
from stdnum.cn import uscc as gb32100

DAY = date(2026, 4, 20)
YEAR = 2026
PREFECTURES = tuple(Prefecture)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def code(number: int, head: str) -> str:
    """A valid code of an organisation that does not exist."""
    front = f"{head}{number:09d}"
    return front + str(gb32100.calc_check_digit(front))


def person_number(number: int) -> str:
    """A valid document number of a person who does not exist."""
    front = f"150101{1950 + number // 1000}0101{number % 1000:03d}"
    return front + str(gb11643.calc_check_digit(front + "0"))


@dataclass(frozen=True)
class Assessor:
    number: int
    affiliates: int = 2
    """Number of assessors that share a legal representative."""

    @property
    def uscc(self) -> str:
        return code(self.number, "92150100")

    @property
    def name(self) -> str:
        return f"示例评价机构{self.number}"

    @property
    def representative(self) -> int:
        return self.number // self.affiliates

    def registration(self) -> dict[str, Any]:
        return {
            "uscc": self.uscc,
            "name": self.name,
            "representative": {"document_number": person_number(self.representative), "name": "示例"},
            "scope": ["factory", "park", "supply_chain"],
            "staff": [
                {"staff_id": "S1", "name": "示例甲", "qualification": "工程师", "from": "2020-01-01"},
                {"staff_id": "S2", "name": "示例乙", "qualification": "工程师", "from": "2020-01-01"},
            ],
        }


@dataclass(frozen=True)
class Applicant:
    number: int
    assessor: Assessor | None

    @property
    def uscc(self) -> str:
        return code(self.number, "91150100")

    @property
    def pdf(self) -> bytes:
        owner = f"assessor {self.assessor.number}" if self.assessor else f"unit {self.number}"
        return PDF + f"% {owner}\n%%EOF\n".encode()

    @property
    def prefecture(self) -> Prefecture:
        return PREFECTURES[self.number % len(PREFECTURES)]

    @property
    def unit(self) -> dict[str, str]:
        name = f"示例制造企业{self.number}"
        return {"uscc": self.uscc, "name": name, "unit_type": "factory", "prefecture": self.prefecture}

    def draft(self, sha256: str) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "level": "region",
            "batch_year": YEAR,
            "evaluation": self._evaluation(),
            "report": {**_report(), **self._author(), "evidence": [{"name": "证明.pdf", "sha256": sha256}]},
        }

    def _evaluation(self) -> dict[str, Any]:
        if self.assessor is None:
            return {"way": "self"}
        named = {"uscc": self.assessor.uscc, "name": self.assessor.name}
        return {"way": "assessor", "assessor": named, "lead_author": "S1", "reviewer": "S2"}

    def _author(self) -> dict[str, Any]:
        if self.assessor is None:
            return {"way": "self"}
        people = {"lead_author": "S1", "reviewer": "S2"}
        return {"way": "assessor", "assessor_uscc": self.assessor.uscc, "assessor_name": self.assessor.name, **people}


def applicants(count: int, assessors: int) -> list[Applicant]:
    """One in five evaluates itself; the others come to the assessors in turn."""
    return [
        Applicant(number, None if number % 5 == 0 else Assessor(number % assessors)) for number in range(1, count + 1)
    ]


@cache
def _report() -> dict[str, Any]:
    scheme = scheme_on("factory", DAY)
    return {
        "undertaking": True,
        "representative_document": "150101198001010018",
        "scheme_id": scheme.id,
        "scheme_version": scheme.version,
        "independent_legal_person": True,
        "industry_code": "3130",
        "benchmark_published": True,
        "energy_level": "benchmark",
        "energy_unit": "kgce/t",
        "energy_actual": "360",
        "energy_limit": "361",
        "indicators": [
            {"indicator": each.id, "value": str(_best(scheme, each.id)), "unit": each.unit}
            for each in scheme.indicators
        ],
        "mandatory_items": [{"item": each.id, "passed": True} for each in scheme.mandatory_items],
        "certificates": [
            {"system": each, "number": f"CN-{each}", "valid_from": "2025-01-01", "valid_until": "2027-12-31"}
            for each in rules_on(DAY).systems
        ],
        "declarations": [{"kind": kind, "occurred": False} for kind in FactKind],
    }


def _best(scheme: Scheme, name: str) -> object:
    indicator = scheme.indicator(name)
    least, greatest = scheme.range_of(indicator)
    wanted = indicator.leading if indicator.leading is not None else (greatest if greatest is not None else least)
    return min(wanted, greatest) if greatest is not None else wanted
