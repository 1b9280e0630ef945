"""The texts of notices: dated templates in Chinese and English, the only room that knows Jinja."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from jinja2 import StrictUndefined, Undefined
from jinja2 import Template as Compiled
from jinja2.sandbox import SandboxedEnvironment
from messages.catalogue import EVENTS
from messages.errors import InvalidFileError
from messages.values import Role
from rulebook import DEPARTMENT_NAMES, LEVEL_NAMES, PREFECTURES, UNIT_TYPE_NAMES, scheme_of

LABELS: Final[Mapping[str, str]] = {
    **PREFECTURES,
    **UNIT_TYPE_NAMES,
    **LEVEL_NAMES,
    **{name: f"{text}主管部门" for name, text in DEPARTMENT_NAMES.items()},
    "agree": "同意",
    "object": "不同意",
    "overdue": "逾期未反馈",
    "recommended": "同意推荐",
    "not_recommended": "不予推荐",
    "panel_request": "评审组要求",
    "borderline": "得分处于临界区间",
    "random_draw": "随机抽取",
    "assessor_statement": "第三方机构年度工作情况",
    "addition": "新增",
    "removal": "移出",
    "renaming": "更名",
    "re_evaluation": "再评价",
    "star": "星级",
}
"""Chinese for the words that events carry."""


Trigger = Literal["said", "before_due"]
SAID: Final = "said"
"""Told when the event is heard."""
BEFORE_DUE: Final = "before_due"
"""Told by the ladder of reminders, of a duty that the event has opened."""


@dataclass(frozen=True)
class Template:
    """One text for one event and some roles; ``version`` is the day its file took effect.

    A file may name a pattern (``*.duty.opened.v1``): the text then speaks of the same fact said by any owner.
    """

    id: str
    version: str
    event: str
    roles: tuple[Role, ...]
    title_zh: str
    body_zh: str
    title_en: str
    body_en: str
    moment: Trigger = SAID


@dataclass(frozen=True)
class Text:
    title: str
    body: str
    title_en: str
    body_en: str


@cache
def templates() -> Mapping[str, tuple[Template, ...]]:
    """Event type → its templates, newest file first. Raises InvalidFileError with every problem at once."""
    given: list[Template] = []
    for source in sorted(files("notify").joinpath("data").iterdir(), key=lambda each: each.name, reverse=True):
        document = tomllib.loads(source.read_text(encoding="utf-8"))
        for entry in document["templates"]:
            roles = tuple(Role(role) for role in entry["roles"])
            given += _for_each_event(Template(version=document["version"], **{**entry, "roles": roles}))
    _checked(given)
    names = dict.fromkeys(each.event for each in given)
    return {name: tuple(each for each in given if each.event == name) for name in names}


def render(template: Template, facts: Mapping[str, Any]) -> Text:
    """Fill a template with what an event tells. An unknown name is an error, never an empty space."""
    return Text(
        *(
            _compiled(text).render(facts).strip()
            for text in (template.title_zh, template.body_zh, template.title_en, template.body_en)
        )
    )


@cache
def _compiled(text: str) -> Compiled:
    """Each text of the templates once: compiling takes far longer than filling in."""
    return _environment().from_string(text)


@cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, finalize=_printable
    )
    environment.filters |= {"zh": _chinese, "day": _chinese_day, "mandatory_items": _names_of_mandatory_items}
    return environment


def _printable(value: object) -> object:
    """Only words, numbers and days are printed: Jinja would as gladly print a method, a list or nothing (N1).

    A dict's key that is also one of its methods is read as ``each['items']``.
    """
    said = isinstance(value, str | int | Decimal | date) and not isinstance(value, bool)
    if said or isinstance(value, Undefined):
        return value
    raise TypeError(f"a text would print {value!r}")


def _chinese(word: object) -> str:
    return LABELS.get(str(word), str(word))


def _chinese_day(day: date | str) -> str:
    """As official texts write it: 2026年5月31日."""
    given = date.fromisoformat(str(day))
    return f"{given.year}年{given.month}月{given.day}日"


def _names_of_mandatory_items(items: Iterable[str], scheme: Mapping[str, str]) -> list[str]:
    """The scheme's own words for its mandatory requirements (A2)."""
    names = {each.id: each.name_zh for each in scheme_of(scheme["id"], scheme["version"]).mandatory_items}
    return [names.get(each, each) for each in items]


def _for_each_event(template: Template) -> list[Template]:
    """One for each event that a pattern names; a name that is none of ours stays, to be found by the check."""
    named = [name for name in EVENTS if fnmatchcase(name, template.event)]
    return [replace(template, event=name) for name in named or [template.event]]


def _checked(given: list[Template]) -> None:
    problems = [f"{each.id}: unknown event {each.event}" for each in given if each.event not in EVENTS]
    told = [(each.version, each.event, role, each.moment) for each in given for role in each.roles]
    problems += [f"{one[1]}: {one[2]} is told twice by {one[0]}" for one in sorted(set(told)) if told.count(one) > 1]
    if problems:
        raise InvalidFileError(problems)
