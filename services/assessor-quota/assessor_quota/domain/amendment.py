"""Amendments of an entry: name, scope, the representative's name and staff, all problems at once (S7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from messages.values import Reason, UnitType
from rulebook import reason

from assessor_quota.domain.assessor import Assessor, scope_problems
from assessor_quota.domain.staff import StaffChanges, change_problems, changed_staff


@dataclass(frozen=True)
class Amendment:
    """The new values; an absent part stays as it is."""

    name: str | None = None
    representative_name: str | None = None
    """Its spelling; another person is a change of the legal representative (Q4)."""
    scope: tuple[UnitType, ...] | None = None
    staff: StaffChanges = field(default_factory=StaffChanges)


def apply_amendment(assessor: Assessor, amendment: Amendment) -> Assessor:
    return replace(
        assessor.named(amendment.name or assessor.name),
        representative_name=amendment.representative_name or assessor.representative_name,
        scope=assessor.scope if amendment.scope is None else amendment.scope,
        staff=changed_staff(assessor.staff, amendment.staff),
    )


def amendment_problems(assessor: Assessor, amendment: Amendment) -> tuple[Reason, ...]:
    """Return every reason that keeps the amendment from being made."""
    scope = scope_problems(amendment.scope) if amendment.scope is not None else ()
    found = (*scope, *change_problems(assessor.staff, amendment.staff))
    return found or tuple(_nothing_changed(assessor, amendment))


def changed_parts(before: Assessor, after: Assessor) -> tuple[str, ...]:
    """Return the parts of the entry that an amendment changed."""
    parts = ("name", "representative_name", "scope", "staff")
    return tuple(part for part in parts if getattr(before, part) != getattr(after, part))


def _nothing_changed(assessor: Assessor, amendment: Amendment) -> Iterator[Reason]:
    if not changed_parts(assessor, apply_amendment(assessor, amendment)):
        yield reason("S7", "nothing-changed", "未提出任何变更内容")
