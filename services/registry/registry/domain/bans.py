"""Bans on an organisation: who may not be listed (B1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from messages.values import Ban, UnitRef
from rulebook import RuleSet, term_of_years


@dataclass(frozen=True)
class ImposedBan:
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
class LastCheck:
    """The last time a list checked this organisation or assessor."""

    list_id: str
    checked_on: date


@dataclass(frozen=True)
class BanRecord:
    """All bans on one organisation, whatever its name, for every unit type and level (B1)."""

    uscc: str
    bans: tuple[ImposedBan, ...] = ()
    last_check: LastCheck | None = None


def ban_from(day: date, rules: RuleSet) -> Ban:
    """Every day on which a removal that takes effect on ``day`` bars the organisation (T5)."""
    term = term_of_years(day, rules.ban.years)
    return Ban(first_day=term.first, last_day=term.last)


def impose(record: BanRecord, imposed: ImposedBan) -> BanRecord:
    return replace(record, bans=(*record.bans, imposed))


def bans_on(record: BanRecord, day: date) -> tuple[ImposedBan, ...]:
    return tuple(each for each in record.bans if each.ban.holds_on(day))


def barred_until(record: BanRecord, day: date) -> date | None:
    """The last day of the bans running on ``day``; none when the organisation is free."""
    return max((each.ban.last_day for each in bans_on(record, day)), default=None)
