"""A correction: a new list that refers to the announced one and says why (L4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from registry.domain.lines import RegisterChange, renaming
from registry.domain.lists import AnnualList, ListRef, announcement_of, draft_of


def correctable_lines(announced_list: AnnualList) -> dict[str, RegisterChange]:
    """Lines by source whose printed name can be corrected; a removed unit bears no title to name."""
    return {line.source: line for line in announced_list.lines if line.kind != "removal"}


def unknown_sources(announced_list: AnnualList, names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(set(names) - set(correctable_lines(announced_list))))


def correction(ref: ListRef, corrected: AnnualList, names: Mapping[str, str], why: str, day: date) -> AnnualList:
    """The list that puts right the names printed in ``corrected``; the units stay the same, by their codes."""
    lines = correctable_lines(corrected)
    put_right = [
        renaming(lines[source].unit.model_copy(update={"name": name}), source) for source, name in names.items()
    ]
    return replace(draft_of(ref, put_right, day), corrects=announcement_of(corrected).number, why=why)
