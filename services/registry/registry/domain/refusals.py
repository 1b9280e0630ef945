"""Refusals with their rule, its article and words for the person concerned (G3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chassis.handling import Refusal
from messages.values import Reason
from rulebook import reason

from registry.domain.lines import HeldBack


def refusal(rule: str, code: str, text: str, *, evidence: str | None = None, status: int = 409) -> Refusal:
    """A refusal for one reason, of the same code."""
    return Refusal(code, reason(rule, code, text, evidence), status=status)


def nothing_to_list(held_back: Iterable[HeldBack]) -> Refusal:
    reasons = [reason("L1", "nothing-to-list", "本年度没有可列入名单的事项"), *_reasons_of(held_back)]
    return Refusal("nothing-to-list", *reasons)


def nothing_to_announce(year: int) -> Refusal:
    return refusal("L2", "nothing-to-announce", f"{year}年度没有已定稿待公布的名单，请先定稿")


def no_longer_holds(held_back: Iterable[HeldBack], count: int) -> Refusal:
    text = f"名单定稿后情况有变，涉及{count}项，请重新定稿后再公布"
    first = reason("L2", "list-no-longer-holds", text)
    return Refusal("list-no-longer-holds", first, *_reasons_of(held_back))


def document_number_used(document_number: str) -> Refusal:
    return refusal("L3", "document-number-used", "该文号已用于其他文件", evidence=document_number)


def awaits_announcement(list_id: str) -> Refusal:
    return refusal("L2", "list-awaits-announcement", "已有定稿名单尚未公布，请先公布", evidence=list_id)


def no_title_held(standing: Sequence[str], unit_key: str) -> Refusal:
    """The titles that the organisation holds under other names, types and levels show what was meant."""
    held = f"该统一社会信用代码名下现有称号：{'、'.join(standing)}" if standing else "该统一社会信用代码名下没有称号"
    text = f"没有可以移出的称号：{held}；请核对园区名称、单位类型和级别，本系统启用前取得的称号须注明（historic）"
    return refusal("L1", "no-title-held", text, evidence=unit_key)


def act_under_way(act_id: str) -> Refusal:
    return refusal("L3", "list-act-under-way", "本级名单正在定稿或公布，请待其办理完毕后再试", evidence=act_id)


def line_unknown(sources: Iterable[str]) -> Refusal:
    reasons = (reason("L4", "line-unknown", "被更正的名单中没有该行", each, f"/names/{each}") for each in sources)
    return Refusal("line-unknown", *reasons, status=422)


def _reasons_of(held_back: Iterable[HeldBack]) -> list[Reason]:
    """Every reason of every unit held back, with the unit's name as evidence."""
    return [
        why.model_copy(update={"evidence": ": ".join(filter(None, (each.unit.name, why.evidence)))})
        for each in held_back
        for why in each.reasons
    ]
