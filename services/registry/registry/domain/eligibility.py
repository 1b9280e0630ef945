"""The last check before a unit is listed: bans, sanctions and listings of that very day (L2, V10)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from messages.values import Reason, UnitType
from rulebook import reason

from registry.domain.assessors import AssessorStatus
from registry.domain.bans import BanRecord, bans_on, barred_until
from registry.domain.clearances import Clearance, ClearanceState
from registry.domain.lines import HeldBack


@dataclass(frozen=True)
class Candidate:
    """A case on its way to the list with all that is known of its unit and its assessor."""

    clearance: Clearance
    ban_record: BanRecord
    assessor: AssessorStatus | None = None
    listed: bool = False
    """The unit bears the title already, at this level and for this type."""
    name: str | None = None
    """The name under which the register knows the unit."""
    leaving: bool = False
    """The same list removes the organisation."""
    last_number: int = 0
    """The last list announced: what a later one prepares does not count yet."""


@dataclass(frozen=True)
class CheckResult:
    admitted: tuple[Clearance, ...]
    """Their units under the names that the register shows: a name is changed by a renaming only (R21, R22)."""
    held_back: tuple[HeldBack, ...]


def check_candidates(candidates: Sequence[Candidate], day: date) -> CheckResult:
    """Divide the cases into those to be listed and those held back, each of these with every reason."""
    admitted: list[Clearance] = []
    held: list[HeldBack] = []
    taken: defaultdict[tuple[str, UnitType], list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    for each in sorted(candidates, key=lambda candidate: candidate.clearance.place):
        clearance, unit = each.clearance, each.clearance.unit
        same = taken[unit.uscc, unit.unit_type]
        if reasons := reasons_against(each, day, doubled=may_be_same_unit(unit.key, same)):
            held.append(HeldBack(clearance.case_id, unit, reasons))
        else:
            same.append(unit.key)
            name = names.setdefault(unit.key, each.name or unit.name)
            admitted.append(replace(clearance, unit=unit.model_copy(update={"name": name})))
    return CheckResult(tuple(admitted), tuple(held))


def may_be_same_unit(key: str, others: Iterable[str]) -> bool:
    """Among keys of one code and type: a park put forward without its name may be any that the body manages."""
    return any(key == other or "/" not in key or "/" not in other for other in others)


def reasons_against(candidate: Candidate, day: date, *, doubled: bool = False) -> tuple[Reason, ...]:
    found: Iterable[Reason | None] = (
        _case_closed(candidate.clearance),
        _unit_banned(candidate, day),
        _unit_leaving(candidate),
        _assessor_sanctioned(candidate.assessor, day),
        _already_listed(candidate, doubled=doubled),
    )
    return (*(each for each in found if each is not None), *_closing_reasons(candidate.clearance))


def _case_closed(clearance: Clearance) -> Reason | None:
    if clearance.state is not ClearanceState.DROPPED or clearance.end is None:
        return None
    evidence = f"{clearance.end.outcome}, {clearance.end.closed_on}"
    return reason("V10", "case-closed", "该申报事项已终止，不再列入年度名单", evidence)


def _closing_reasons(clearance: Clearance) -> tuple[Reason, ...]:
    """The reasons that review gave when it closed the case."""
    return clearance.end.reasons if _case_closed(clearance) and clearance.end else ()


def _unit_banned(candidate: Candidate, day: date) -> Reason | None:
    running = bans_on(candidate.ban_record, day, candidate.last_number)
    if (until := barred_until(running)) is None:
        return None
    numbers = "、".join(each.document_number for each in running)
    return reason("B1", "unit-banned", f"该单位被移出名单后三年内不得列入，限制期至{until}", numbers)


def _unit_leaving(candidate: Candidate) -> Reason | None:
    if not candidate.leaving:
        return None
    return reason("B1", "unit-leaving", "该单位在同一名单中被移出，三年内不得列入", candidate.ban_record.uscc)


def _assessor_sanctioned(assessor: AssessorStatus | None, day: date) -> Reason | None:
    if assessor is None or assessor.ban is None or not assessor.ban.holds_on(day):
        return None
    text = f"评价报告所依据的第三方服务机构处于禁止期，至{assessor.ban.last_day}"
    evidence = ", ".join(filter(None, (assessor.uscc, assessor.document_number)))
    return reason("S1", "assessor-sanctioned", text, evidence)


def _already_listed(candidate: Candidate, *, doubled: bool) -> Reason | None:
    if not (candidate.listed or doubled):
        return None
    unit = candidate.clearance.unit
    text = "该单位在本级已有同类称号，不重复列入"
    if unit.unit_type is UnitType.PARK:
        text = "该园区，或同一统一社会信用代码下未注明名称的园区，在本级已有同类称号，不重复列入"
    return reason("E13", "already-listed", text, f"{unit.key}, {unit.unit_type.value}")
