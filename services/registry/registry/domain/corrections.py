"""A correction: a new list that refers to the announced one and says why (L4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from registry.domain.lines import RegisterChange, renaming, sort_lines


def correctable_lines(lines: Iterable[RegisterChange]) -> dict[str, RegisterChange]:
    """Lines by source whose printed name can be corrected; a removed unit bears no title to name."""
    return {line.source: line for line in lines if line.kind != "removal"}


def corrected_lines(lines: Mapping[str, RegisterChange], names: Mapping[str, str]) -> list[RegisterChange]:
    """The lines that put right the printed names; the units stay the same, by their codes."""
    return sort_lines(
        [renaming(lines[source].unit.model_copy(update={"name": name}), source) for source, name in names.items()]
    )
