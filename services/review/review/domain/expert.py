"""Experts, and the reasons why one may not judge a case (V5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from messages.lookalikes import visually_alike
from messages.spelling import normalized_name
from messages.values import Reason, Role
from rulebook import last_years, reason, roles_apart_from

from review.domain.case import Case

_APART = frozenset(roles_apart_from(Role.EXPERT))
"""Who has acted in one of these on a case does not judge it as an expert (P3)."""


@dataclass(frozen=True)
class EarlierEvaluation:
    """A unit that the expert took part in evaluating."""

    uscc: str
    year: int


@dataclass(frozen=True)
class Declaration:
    """A conflict of interest that the expert has declared, with whom: a unit, an assessor or a group."""

    uscc: str
    """Empty where only the name is known, as of a group."""
    text: str
    declared_on: date
    name: str = ""


@dataclass(frozen=True)
class Expert:
    expert_id: str
    employer: str
    """USCC or name of the organisation the expert works for."""
    groups: tuple[str, ...] = ()
    """Groups of companies the expert is bound to."""
    evaluated: tuple[EarlierEvaluation, ...] = ()
    declared: tuple[Declaration, ...] = ()
    seats: dict[int, int] = field(default_factory=dict)
    """Batch year → the number of panels the expert sits on."""

    def with_registration(
        self, employer: str, groups: tuple[str, ...], evaluated: tuple[EarlierEvaluation, ...]
    ) -> Expert:
        """Return the updated expert: employer and groups change, earlier evaluations stay."""
        known = tuple(dict.fromkeys((*self.evaluated, *evaluated)))
        return replace(self, employer=employer, groups=groups, evaluated=known)

    def load(self, batch_year: int) -> int:
        return self.seats.get(batch_year, 0)

    def with_seat(self, case: Case) -> Expert:
        return self._with_load(case.batch_year, self.load(case.batch_year) + 1)

    def without_seat(self, case: Case) -> Expert:
        """Return the expert after leaving the panel of the case, on which it sat."""
        return self._with_load(case.batch_year, self.load(case.batch_year) - 1)

    def _with_load(self, batch_year: int, load: int) -> Expert:
        return replace(self, seats={**self.seats, batch_year: load})


def conflicts(expert: Expert, case: Case, years: int, today: date) -> list[Reason]:
    """Return every reason why the expert may not sit on the panel; the text of a declaration is left out."""
    found = [*_ties(expert, case, years, today)]
    if _declarations_about(expert, case):
        found.append("专家本人已申明利益关系")
    return [reason("V5", "conflict-of-interest", f"专家应当回避：{each}", evidence=expert.expert_id) for each in found]


def grounds(expert: Expert, case: Case, years: int, today: date) -> list[str]:
    """Return the same for the record of the case, with the text that the expert declared."""
    return [*_ties(expert, case, years, today), *(each.text for each in _declarations_about(expert, case)[-1:])]


def _ties(expert: Expert, case: Case, years: int, today: date) -> list[str]:
    found = []
    if _names_concerned(case) & _normalized_names((expert.employer, *expert.groups)):
        found.append("同一单位、同一集团或同一第三方服务机构")
    if any(each.subject == expert.expert_id and each.role in _APART for each in case.participants):
        found.append("曾以其他身份办理该项目")
    first_year = last_years(today, years).first.year
    if any(each.uscc == case.unit.uscc and each.year >= first_year for each in expert.evaluated):
        found.append(f"近{years}年参与过该单位评价")
    return found


def may_conflict(expert: Expert, case: Case) -> bool:
    """Whether a name of the expert's only looks like one concerned: a person decides, nothing is refused by it."""
    named = (expert.employer, *expert.groups, *(each.name for each in expert.declared))
    concerned = [name for name in _names_of(case) if name]
    return any(visually_alike(one, other) for one in named if one for other in concerned)


def _declarations_about(expert: Expert, case: Case) -> list[Declaration]:
    concerned = _names_concerned(case)
    return [each for each in expert.declared if concerned & _normalized_names((each.uscc, each.name))]


def _names_concerned(case: Case) -> set[str]:
    """Return the organisations whose people may not judge the case: the unit, its group and its assessor."""
    return _normalized_names(_names_of(case))


def _names_of(case: Case) -> tuple[str, ...]:
    assessor = () if case.assessor is None else (case.assessor.uscc, case.assessor.name)
    return (case.unit.uscc, case.unit.name, case.dossier.group or "", *assessor)


def _normalized_names(names: Iterable[str]) -> set[str]:
    return {found for each in names if (found := normalized_name(each))}
