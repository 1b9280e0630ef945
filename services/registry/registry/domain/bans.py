"""Who may not be listed: bans on an organisation (B1) and sanctions on an assessor (S1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.values import Ban, UnitRef
from rulebook import RuleSet, term_of_years


@dataclass(frozen=True)
class Imposed:
    """One ban and the decision it rests on; there is one ban per decision."""

    ban: Ban
    removal_id: str
    ground: str
    article: str
    document_number: str
    unit: UnitRef
    rule_set: str
    recorded_on: date


@dataclass(frozen=True)
class Check:
    """The last time a list asked about this organisation or assessor."""

    list_id: str
    checked_on: date


@dataclass(frozen=True)
class Standing:
    """All bans on one organisation, whatever its name, for every unit type and level (B1)."""

    uscc: str
    bans: tuple[Imposed, ...] = ()
    checked: Check | None = None


@dataclass(frozen=True)
class AssessorStanding:
    """What assessor-quota says of an assessor that a report on the list may rest on."""

    uscc: str
    sequence: int = 0
    """Of the last fact heard about it; an earlier one that comes later changes nothing."""
    ban: Ban | None = None
    """The longest that was in force when it was said."""
    document_number: str | None = None
    """Of the decision behind the ban, where an event has told it."""
    checked: Check | None = None


def ban_from(day: date, rules: RuleSet) -> Ban:
    """Every day on which a removal that takes effect on ``day`` bars the organisation (T5)."""
    term = term_of_years(day, rules.ban.years)
    return Ban(first_day=term.first, last_day=term.last)


def impose(standing: Standing, imposed: Imposed) -> Standing:
    return replace(standing, bans=(*standing.bans, imposed))


def bans_on(standing: Standing, day: date) -> tuple[Imposed, ...]:
    return tuple(each for each in standing.bans if each.ban.holds_on(day))


def barred_until(standing: Standing, day: date) -> date | None:
    """The last day of the bans running on ``day``; none when the organisation is free."""
    return max((each.ban.last_day for each in bans_on(standing, day)), default=None)


def sanctioned(standing: AssessorStanding, event: AssessorSanctioned) -> AssessorStanding:
    """An older decision recorded later leaves the ban that stands, and the number it rests on."""
    return _heard(standing, event.sequence, event.ban, event.document_number)


def revoked(standing: AssessorStanding, event: SanctionRevoked) -> AssessorStanding:
    """What still holds by another decision holds on (S4); the event does not tell that decision's number."""
    return _heard(standing, event.sequence, event.ban, None)


def _heard(standing: AssessorStanding, sequence: int, ban: Ban | None, document_number: str | None) -> AssessorStanding:
    if sequence <= standing.sequence:
        return standing
    number = standing.document_number if ban == standing.ban else document_number
    return replace(standing, sequence=sequence, ban=ban, document_number=number)
