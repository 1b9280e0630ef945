"""Entries of people in a command: days within the bounds of the rule set, codes whose check character fails.

A day outside the bounds is a slip, and some acts cannot be taken back. A code that fails its check is a slip as a rule,
and genuine once in a while: then the region records it with its document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import TypeAlias

from dateutil.relativedelta import relativedelta
from messages.values import Reason, UncheckedCode
from pydantic import BaseModel

from rulebook.periods import Interval, shanghai_date
from rulebook.reasons import reason
from rulebook.rulesets import RuleSetNotFoundError, rules_on

Path: TypeAlias = tuple[object, ...]


def day_problems(entered: object, now: datetime) -> tuple[Reason, ...]:
    """Return a reason for each day in a command that the rule set in force does not let anybody enter.

    Without a rule set in force there are no bounds either: the command itself is refused for want of one.
    """
    today = shanghai_date(now)
    try:
        rules = rules_on(today).entry
    except RuleSetNotFoundError:
        return ()
    bounds = Interval(first=rules.earliest_day, last=today + relativedelta(years=rules.years_ahead))
    text = f"日期应在{bounds.first}至{bounds.last}之间，请核对年份"
    return tuple(
        reason("T1", "day-out-of-bounds", text, day.isoformat(), "".join(f"/{part}" for part in path))
        for path, day in _leaves(entered, ())
        if isinstance(day, date) and day not in bounds
    )


def unchecked_codes(entered: object) -> Mapping[Path, str]:
    """Return the codes in a command whose check character fails, each with where it stands."""
    return {path: str(code) for path, code in _leaves(entered, ()) if isinstance(code, UncheckedCode)}


def _leaves(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Yield every day and every code that fails its check."""
    if isinstance(value, UncheckedCode) or (isinstance(value, date) and not isinstance(value, datetime)):
        yield path, value
        return
    for name, each in _parts_of(value):
        yield from _leaves(each, (*path, name))


def _parts_of(value: object) -> Iterator[tuple[object, object]]:
    if isinstance(value, BaseModel):
        yield from ((name, getattr(value, name)) for name in type(value).model_fields)
    elif is_dataclass(value):
        yield from ((each.name, getattr(value, each.name)) for each in fields(value))
    elif isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, tuple | list | set | frozenset):
        yield from enumerate(value)
