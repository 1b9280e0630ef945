"""Representations of lists, their lines and the acts on them."""

from __future__ import annotations

from datetime import date
from typing import Literal

from chassis.http import View
from messages.values import Level, Reason, UnitRef

from registry.domain.lines import HeldBackLine, PrintedLine
from registry.domain.list_acts import ActKind, ActState
from registry.domain.lists import AnnualList, ListState


class LineView(View):
    number: int
    """Its place in print."""
    kind: Literal["addition", "removal", "renaming"]
    unit: UnitRef
    article: str
    source: str


class HeldBackView(View):
    source: str
    unit: UnitRef
    reasons: tuple[Reason, ...]


class DraftLineView(View):
    kind: Literal["addition", "removal"]
    unit: UnitRef
    article: str
    source: str


class DraftView(View):
    """A page of the list that closing would make now; ``next`` is the cursor of the following page."""

    lines: tuple[DraftLineView, ...]
    held_back: tuple[HeldBackView, ...]
    next: str | None


class ListView(View):
    """A list without its lines, which are read page by page."""

    list_id: str
    level: Level
    year: int
    state: ListState
    composed_on: date
    rule_set: str
    counts: dict[str, int]
    held_back: int | None
    """For the department only."""
    closing_act: str | None
    """The act that composed it, by which the department finds what it held back."""
    lines_digest: str
    corrects: int | None
    why: str | None
    number: int | None
    document_number: str | None
    announced_on: date | None
    previous_digest: str | None
    digest: str | None


class ActView(View):
    """An act on a list: closing or announcing it."""

    act_id: str
    kind: ActKind
    list_id: str
    year: int
    state: ActState
    done: int
    """Lines that the present part of the act has dealt with."""
    total: int
    held_back: int
    """Cases held back by a closing, or struck since and so refused to an announcement."""
    code: str | None
    """Why it was refused."""


class ListFeed(View):
    """Announced lists in the order of their numbers; the next request passes ``after`` to go on from here."""

    items: tuple[ListView, ...]
    after: int


def line_view(line: PrintedLine) -> LineView:
    change = line.change
    return LineView(
        number=line.number, kind=change.kind, unit=change.unit, article=change.article, source=change.source
    )


def held_back_view(line: HeldBackLine) -> HeldBackView:
    return HeldBackView.model_validate(line.held)


def list_view(one: AnnualList, *, for_office: bool = False) -> ListView:
    announcement = one.announcement
    return ListView(
        list_id=one.list_id,
        level=one.level,
        year=one.year,
        state=one.state,
        composed_on=one.composed_on,
        rule_set=one.rule_set,
        counts=one.counts,
        held_back=one.held_back if for_office else None,
        closing_act=one.edition if for_office else None,
        lines_digest=one.lines_digest,
        corrects=one.corrects,
        why=one.why,
        number=announcement.number if announcement else None,
        document_number=announcement.document_number if announcement else None,
        announced_on=announcement.announced_on if announcement else None,
        previous_digest=announcement.previous_digest if announcement else None,
        digest=announcement.digest if announcement else None,
    )
