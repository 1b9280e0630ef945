"""Texts of notices: which template speaks to which role, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from messages.values import Role

Trigger = Literal["on_event", "before_due"]
ON_EVENT: Final = "on_event"
"""Sent when the event arrives."""
BEFORE_DUE: Final = "before_due"
"""Sent by the ladder of reminders, about a duty that the event has opened."""


@dataclass(frozen=True)
class Template:
    """One text for one event and some roles; ``version`` is the day its file took effect.

    A file may name a pattern (``*.duty.opened.v1``): the text then covers the same fact of every owner.
    """

    id: str
    version: str
    event: str
    roles: tuple[Role, ...]
    title_zh: str
    body_zh: str
    title_en: str
    body_en: str
    trigger: Trigger = ON_EVENT


@dataclass(frozen=True)
class Text:
    """A template filled in: Chinese without a suffix, English with ``_en``."""

    title: str
    body: str
    title_en: str
    body_en: str


def templates_by_role(templates: Iterable[Template], trigger: Trigger) -> Iterable[tuple[Role, Template]]:
    """Each role with its template; of several for one role the first wins, which is the newest."""
    covered: set[Role] = set()
    for template in templates:
        for role in template.roles if template.trigger == trigger else ():
            if role not in covered:
                covered.add(role)
                yield role, template
