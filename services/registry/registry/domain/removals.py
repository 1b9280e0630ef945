"""Removal from the list: its grounds, when it takes effect, and its place in the year's list (Art. 24)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from messages.values import Level, Reason, UnitRef, UnitType
from rulebook import RuleSet, basis

from registry.domain.lines import printed_place

Ground = Literal["D1", "D2", "D3", "D4", "D5"]

TEXTS: dict[Ground, str] = {
    "D1": "未填报动态管理表",
    "D2": "未按规定参加复核或复核未通过",
    "D3": "企业被依法终止",
    "D4": "企业自行要求撤销其绿色制造体系示范单位称号",
    "D5": "发生重大及以上生产安全、质量事故或Ⅱ级（重大）及以上突发环境污染事件",
}


class RemovalEffect(StrEnum):
    """When a removal takes effect."""

    AT_ONCE = "at_once"
    """D5: announced by itself, repeated in the year's list for the record (L6)."""
    WITH_LIST = "with_list"
    """D1 to D4: on the day the year's list is announced."""
    EARLIER_YEAR = "earlier_year"
    """A decision of an earlier year whose list is announced: it counts as announced then and is entered now."""


class RemovalState(StrEnum):
    WAITING = "waiting"
    """A line of its year's draft, or of the list that is closed."""
    ANNOUNCED = "announced"
    ENTERED = "entered"
    """In effect; on no list of this register."""


@dataclass(frozen=True)
class RemovalDecision:
    """The confirmed removal as its document states it, to be recorded by an officer."""

    unit: UnitRef
    ground: Ground
    document_number: str
    decided_on: date
    levels: tuple[Level, ...] = ()
    """The levels it names; none where it means all that the unit holds."""
    historic: bool = False
    """It is about a title from before this register, which therefore finds none to end."""

    @property
    def removal_id(self) -> str:
        """The same unit and document are the same decision, however often it is recorded."""
        return "removal-" + sha256(f"{self.unit.key}|{self.document_number}".encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Removal:
    """A recorded decision on its way into effect."""

    removal_id: str
    unit: UnitRef
    ground: Ground
    document_number: str
    decided_on: date
    recorded_on: date
    levels: tuple[Level, ...]
    effect: RemovalEffect
    state: RemovalState
    year: int
    place: str
    """Its place in print, by which a list is composed page by page."""
    list_number: int | None = None
    """The list that announces it, and which may not be announced yet."""
    historic: bool = False
    """About a title from before this register."""

    @property
    def article(self) -> str:
        return basis(self.ground).article


def effect_of(ground: Ground, *, list_is_out: bool) -> RemovalEffect:
    """A removal stands on the list of the year it was decided in, however late it is recorded (L1).

    ``list_is_out``: that year is over and its list announced, so that none is left to stand on.
    """
    if list_is_out:
        return RemovalEffect.EARLIER_YEAR
    return RemovalEffect.AT_ONCE if ground == "D5" else RemovalEffect.WITH_LIST


def removal_of(decision: RemovalDecision, levels: tuple[Level, ...], today: date, *, list_is_out: bool) -> Removal:
    effect = effect_of(decision.ground, list_is_out=list_is_out)
    return Removal(
        removal_id=decision.removal_id,
        unit=decision.unit,
        ground=decision.ground,
        document_number=decision.document_number,
        decided_on=decision.decided_on,
        recorded_on=today,
        levels=levels,
        effect=effect,
        state=RemovalState.ENTERED if effect is RemovalEffect.EARLIER_YEAR else RemovalState.WAITING,
        year=decision.decided_on.year,
        place=printed_place(decision.unit, decision.removal_id),
        historic=decision.historic,
    )


def brings_ban(ground: Ground, rules: RuleSet) -> bool:
    """Leaving at one's own request is a removal under Art. 24(4) and so brings the ban, unless read otherwise (B1)."""
    return ground != "D4" or rules.readings.own_request_brings_ban


def reaches(removal: Removal, unit_type: UnitType, rules: RuleSet) -> bool:
    """Some grounds concern the whole organisation and end every title; the others lie in one of them."""
    return removal.ground in rules.removal.every_title or removal.unit.unit_type is unit_type


def prepare(removal: Removal, list_number: int) -> Removal:
    return replace(removal, list_number=list_number)


def withdraw(removal: Removal) -> Removal:
    return replace(removal, list_number=None)


def mark_announced(removal: Removal) -> Removal:
    return replace(removal, state=RemovalState.ANNOUNCED)


def shown_state(removal: Removal, last_number: int) -> RemovalState:
    """Its state by the lists announced up to ``last_number``, also while the last one is still being entered."""
    announced = removal.list_number is not None and removal.list_number <= last_number
    return RemovalState.ANNOUNCED if announced else removal.state


def reason_of(removal: Removal) -> Reason:
    return Reason(
        rule=removal.ground,
        article=removal.article,
        code=f"removed-{removal.ground.lower()}",
        text=TEXTS[removal.ground],
        evidence=removal.document_number,
    )
