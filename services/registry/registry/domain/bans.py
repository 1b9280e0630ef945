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
    document_number: str | None = None
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
    if event.sequence <= standing.sequence:
        return standing
    return replace(standing, sequence=event.sequence, ban=event.ban, document_number=event.document_number)


def revoked(standing: AssessorStanding, event: SanctionRevoked) -> AssessorStanding:
    if event.sequence <= standing.sequence:
        return standing
    return replace(standing, sequence=event.sequence, ban=None, document_number=event.document_number)
