"""The texts of notices: dated templates in Chinese and English, the only module that knows Jinja."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import StrictUndefined, Undefined
from jinja2 import Template as Compiled
from jinja2.sandbox import SandboxedEnvironment
from messages.catalogue import EVENTS
from messages.errors import InvalidFileError
from messages.values import Role
from rulebook import DEPARTMENT_NAMES, LEVEL_NAMES, PREFECTURES, UNIT_TYPE_NAMES, scheme_of

from notify.domain.texts import Template, Text

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
"""Chinese names of the words that events carry."""


class JinjaTemplates:
    """The templates of this distribution, as handlers know them (``handlers.ports.Templates``)."""

    def of_event(self, event_type: str) -> tuple[Template, ...]:
        return templates().get(event_type, ())

    def render(self, template: Template, facts: Mapping[str, Any]) -> Text:
        return render(template, facts)


@cache
def templates() -> Mapping[str, tuple[Template, ...]]:
    """Return each event type's templates, newest file first. Raises InvalidFileError with every problem at once."""
    given: list[Template] = []
    for source in sorted(files("notify").joinpath("data").iterdir(), key=lambda each: each.name, reverse=True):
        document = tomllib.loads(source.read_text(encoding="utf-8"))
        for entry in document["templates"]:
            roles = tuple(Role(role) for role in entry["roles"])
            given += _for_each_event(Template(version=document["version"], **{**entry, "roles": roles}))
    check(given)
    names = dict.fromkeys(each.event for each in given)
    return {name: tuple(each for each in given if each.event == name) for name in names}


def render(template: Template, facts: Mapping[str, Any]) -> Text:
    """Fill a template with the facts of an event. An unknown name is an error, never an empty space."""
    return Text(
        *(
            _compiled(text).render(facts).strip()
            for text in (template.title_zh, template.body_zh, template.title_en, template.body_en)
        )
    )


@cache
def _compiled(text: str) -> Compiled:
    """Compile each text once: compiling takes far longer than filling in."""
    return _environment().from_string(text)


@cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, finalize=_printable
    )
    environment.filters |= {"zh": _chinese, "day": _chinese_day, "mandatory_items": _names_of_mandatory_items}
    return environment


def _printable(value: object) -> object:
    """Let words, numbers and days through only: Jinja would as gladly print a method, a list or nothing (N1).

    A dict's key that is also one of its methods is read as ``each['items']``.
    """
    allowed = isinstance(value, str | int | Decimal | date) and not isinstance(value, bool)
    if allowed or isinstance(value, Undefined):
        return value
    raise TypeError(f"a text would print {value!r}")


def _chinese(word: object) -> str:
    return LABELS.get(str(word), str(word))


def _chinese_day(day: date | str) -> str:
    """A day as official texts write it: 2026年5月31日."""
    given = date.fromisoformat(str(day))
    return f"{given.year}年{given.month}月{given.day}日"


def _names_of_mandatory_items(items: Iterable[str], scheme: Mapping[str, str]) -> list[str]:
    """Names of mandatory items in the scheme's own words (A2)."""
    names = {each.id: each.name_zh for each in scheme_of(scheme["id"], scheme["version"]).mandatory_items}
    return [names.get(each, each) for each in items]


def _for_each_event(template: Template) -> list[Template]:
    """Return one template for each event that the pattern names; an unknown name stays, for the check to find."""
    named = [name for name in EVENTS if fnmatchcase(name, template.event)]
    return [replace(template, event=name) for name in named or [template.event]]


def check(given: list[Template]) -> None:
    """Raise InvalidFileError for events that do not exist and for two texts to one role about the same occasion."""
    problems = [f"{each.id}: unknown event {each.event}" for each in given if each.event not in EVENTS]
    texts = [(each.version, each.event, role, each.trigger) for each in given for role in each.roles]
    problems += [f"{one[1]}: two texts for {one[2]} in {one[0]}" for one in sorted(set(texts)) if texts.count(one) > 1]
    if problems:
        raise InvalidFileError(problems)
