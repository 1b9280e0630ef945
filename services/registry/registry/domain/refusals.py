"""What a caller is told of a list, kept as the reply to the command; and why a list is not made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from chassis.handling import Refusal
from messages.values import Level, Reason
from rulebook import reason

from registry.domain.chain import content_digest
from registry.domain.lines import HeldBack
from registry.domain.lists import Announcement, AnnualList, ListState, counts


@dataclass(frozen=True)
class ListSummary:
    """A list without its lines."""

    list_id: str
    level: Level
    year: int
    state: ListState
    composed_on: date
    rule_set: str
    counts: dict[str, int]
    held_back: tuple[HeldBack, ...]
    content_digest: str
    corrects: int | None
    why: str | None
    announcement: Announcement | None


def overview(one: AnnualList) -> ListSummary:
    return ListSummary(
        list_id=one.list_id,
        level=one.level,
        year=one.year,
        state=one.state,
        composed_on=one.composed_on,
        rule_set=one.rule_set,
        counts=counts(one),
        held_back=one.held_back,
        content_digest=content_digest(one.lines),
        corrects=one.corrects,
        why=one.why,
        announcement=one.announcement,
    )


def nothing_to_list(held_back: Iterable[HeldBack]) -> Refusal:
    reasons = [reason("L1", "nothing-to-list", "本年度没有可列入名单的事项"), *_of_units(held_back)]
    return Refusal("nothing-to-list", *reasons)


def nothing_to_announce(year: int) -> Refusal:
    why = reason("L2", "nothing-to-announce", f"{year}年度没有已定稿待公布的名单，请先定稿")
    return Refusal("nothing-to-announce", why)


def no_longer_holds(held_back: Iterable[HeldBack]) -> Refusal:
    first = reason("L2", "list-no-longer-holds", "名单定稿后情况有变，请重新定稿后再公布")
    return Refusal("list-no-longer-holds", first, *_of_units(held_back))


def document_number_used(document_number: str) -> Refusal:
    why = reason("L3", "document-number-used", "该文号已用于其他文件", document_number)
    return Refusal("document-number-used", why)


def awaits_announcement(list_id: str) -> Refusal:
    why = reason("L2", "list-awaits-announcement", "已有定稿名单尚未公布，请先公布", list_id)
    return Refusal("list-awaits-announcement", why)


def not_on_the_list(sources: Iterable[str]) -> Refusal:
    reasons = (reason("L4", "line-unknown", "被更正的名单中没有该行", each, f"/names/{each}") for each in sources)
    return Refusal("line-unknown", *reasons, status=422)


def _of_units(held_back: Iterable[HeldBack]) -> list[Reason]:
    return [
        why.model_copy(update={"evidence": ": ".join(filter(None, (each.unit.name, why.evidence)))})
        for each in held_back
        for why in each.reasons
    ]
