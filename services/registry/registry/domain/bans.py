"""Bans on an organisation: who may not be listed (B1)."""

from __future__ import annotations

from collections.abc import Iterable
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
    list_number: int = 0
    """The list by which it began, and which may not be announced yet; 0: it began by itself."""


@dataclass(frozen=True)
class LastCheck:
    """The last time an announcement checked this organisation."""

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


def withdraw_list(record: BanRecord, number: int) -> BanRecord:
    """Take out what a list that was never announced had prepared."""
    return replace(record, bans=tuple(each for each in record.bans if each.list_number != number))


def bans_on(record: BanRecord, day: date, last_number: int) -> tuple[ImposedBan, ...]:
    """The bans running on ``day``, by the lists announced up to ``last_number``."""
    return tuple(each for each in record.bans if each.list_number <= last_number and each.ban.holds_on(day))


def barred_until(running: Iterable[ImposedBan]) -> date | None:
    """The last day of running bans; none when the organisation is free."""
    return max((each.ban.last_day for each in running), default=None)
