"""Recipients of an event (N1, N4), read from the event itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from messages.duties import Duty
from messages.event import Event
from messages.values import Prefecture, Role, UnitRef


@dataclass(frozen=True)
class Recipient:
    """A reader of notices: a role, narrowed to an organisation, a prefecture or one person's subject."""

    role: Role
    organisation: str | None = None
    prefecture: str | None = None
    subject: str | None = None

    @property
    def key(self) -> str:
        """Stable identity of the inbox."""
        return "|".join([self.role, self.organisation or "", self.prefecture or "", self.subject or ""])


def recipients(event: Event, role: Role) -> tuple[Recipient, ...]:
    """Everyone in ``role`` whom ``event`` concerns, each once; nobody when the event names none."""
    return tuple(dict.fromkeys(_READERS[role](event)))


def _applicants(event: Event) -> Iterable[Recipient]:
    held = _holder(event, Role.APPLICANT)
    named = getattr(event, "uscc", None)
    codes = [code for code in (held, named) if code is not None] or [unit.uscc for unit in _units(event)]
    return (Recipient(Role.APPLICANT, organisation=code) for code in codes)


def _prefecture_officers(event: Event) -> Iterable[Recipient]:
    """Officers of the prefectures that the event names, or of its units; of all when it has neither, as a sanction."""
    named = getattr(event, "prefectures", None)
    about = dict.fromkeys([unit.prefecture for unit in _units(event)] or Prefecture if named is None else named)
    return (Recipient(Role.PREFECTURE_OFFICER, prefecture=prefecture) for prefecture in about)


def _departments(event: Event) -> Iterable[Recipient]:
    return (
        Recipient(Role.CONSULTED_DEPARTMENT, organisation=department, prefecture=unit.prefecture)
        for unit in _units(event)
        for department in getattr(event, "departments", ())
    )


def _experts(event: Event) -> Iterable[Recipient]:
    return (Recipient(Role.EXPERT, subject=expert) for expert in getattr(event, "experts", ()))


def _assessors(event: Event) -> Iterable[Recipient]:
    evaluation = getattr(event, "evaluation", None)
    named = getattr(event, "assessor", None) or getattr(evaluation, "assessor", None)
    code = getattr(event, "assessor_uscc", None) or getattr(named, "uscc", None) or _holder(event, Role.ASSESSOR)
    return () if code is None else (Recipient(Role.ASSESSOR, organisation=code),)


def _holder(event: Event, role: Role) -> str | None:
    """The organisation that has to fulfil the duty, when duties of its kind are held in this role."""
    return event.holder if isinstance(event, Duty) and event.holder_role is role else None


def _everyone_in(role: Role) -> Callable[[Event], Iterable[Recipient]]:
    return lambda _event: (Recipient(role),)


def _units(event: Event) -> Iterable[UnitRef]:
    unit = getattr(event, "unit", None)
    return (line.unit for line in getattr(event, "lines", ())) if unit is None else (unit,)


_READERS: Mapping[Role, Callable[[Event], Iterable[Recipient]]] = MappingProxyType(
    {
        Role.APPLICANT: _applicants,
        Role.ASSESSOR: _assessors,
        Role.CONSULTED_DEPARTMENT: _departments,
        Role.EXPERT: _experts,
        Role.PREFECTURE_OFFICER: _prefecture_officers,
        Role.PUBLIC: _everyone_in(Role.PUBLIC),
        Role.REGIONAL_OFFICER: _everyone_in(Role.REGIONAL_OFFICER),
        Role.REVIEW_ORGANISATION: _everyone_in(Role.REVIEW_ORGANISATION),
    }
)
