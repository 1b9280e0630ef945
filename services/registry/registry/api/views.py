"""Representations of lists, titles, units, bans and removals."""

from __future__ import annotations

from datetime import date
from typing import Literal

from chassis.http import View
from messages.values import AssessorRef, Ban, Level, Prefecture, Reason, UnitRef, UnitType

from registry.domain.flags import flags_on
from registry.domain.list_summary import ListSummary, summary_of
from registry.domain.lists import AnnualList, ListState
from registry.domain.register import Listing, UnitOnDay
from registry.domain.removals import Ground, RemovalEffect, RemovalState


class LineView(View):
    kind: Literal["addition", "removal", "renaming"]
    unit: UnitRef
    article: str
    source: str


class HeldBackView(View):
    source: str
    unit: UnitRef
    reasons: tuple[Reason, ...]


class ListView(View):
    """A list; ``lines`` in its full representation, ``held_back`` for the department only."""

    list_id: str
    level: Level
    year: int
    state: ListState
    composed_on: date
    rule_set: str
    counts: dict[str, int]
    content_digest: str
    corrects: int | None
    why: str | None
    number: int | None
    document_number: str | None
    announced_on: date | None
    previous_digest: str | None
    digest: str | None
    lines: tuple[LineView, ...] | None = None
    held_back: tuple[HeldBackView, ...] | None = None


class ListFeed(View):
    """Announced lists in the order of their numbers; the next request passes ``after`` to go on from here."""

    items: tuple[ListView, ...]
    after: int


class FlagView(View):
    """Supervision because the assessor whose report the title rests on was sanctioned (S2)."""

    assessor: AssessorRef
    document_number: str
    """Of the decision on the assessor."""
    flagged_on: date
    lifted_on: date | None


class PendingNameView(View):
    """Another name under which the unit was put forward; it takes effect by a list that renames it (R22)."""

    name: str
    shown_from: date


class TitleView(View):
    """One title of one unit, as the register showed it on the day of the query."""

    unit_key: str
    uscc: str
    name: str
    pending_name: PendingNameView | None
    former_names: tuple[str, ...]
    unit_type: UnitType
    level: Level
    prefecture: Prefecture
    listed_on: date
    list_number: int
    document_number: str
    flags: tuple[FlagView, ...] | None = None
    """For the departments and the unit itself only."""


class TitleEntryView(View):
    unit_type: UnitType
    level: Level
    listed_on: date
    list_number: int
    document_number: str
    until: date | None = None
    """The day from which the register no longer showed it."""
    flags: tuple[FlagView, ...] | None = None
    """For the departments and the unit itself only."""


class FormerNameView(View):
    name: str
    shown_from: date


class RemovalEntryView(View):
    reason: Reason
    document_number: str
    effective_on: date
    shown_from: date
    levels: tuple[Level, ...]
    ban: Ban | None


class UnitView(View):
    unit_key: str
    uscc: str
    name: str
    pending_name: PendingNameView | None
    former_names: tuple[FormerNameView, ...]
    prefecture: Prefecture
    as_of: date
    titles: tuple[TitleEntryView, ...]
    former_titles: tuple[TitleEntryView, ...]
    removals: tuple[RemovalEntryView, ...]


class BanView(View):
    ban: Ban
    ground: str
    article: str
    document_number: str
    unit: UnitRef


class BanCheck(View):
    """Whether an organisation may apply and be listed on a day (B1)."""

    uscc: str
    on: date
    barred: bool
    until: date | None
    bans: tuple[BanView, ...]


class RemovalView(View):
    removal_id: str
    unit: UnitRef
    ground: Ground
    article: str
    document_number: str
    decided_on: date
    recorded_on: date
    levels: tuple[Level, ...]
    effect: RemovalEffect
    state: RemovalState
    list_id: str | None


def list_view(one: ListSummary, *, lines: AnnualList | None = None, for_office: bool = False) -> ListView:
    announcement = one.announcement
    return ListView(
        list_id=one.list_id,
        level=one.level,
        year=one.year,
        state=one.state,
        composed_on=one.composed_on,
        rule_set=one.rule_set,
        counts=one.counts,
        content_digest=one.content_digest,
        corrects=one.corrects,
        why=one.why,
        number=announcement.number if announcement else None,
        document_number=announcement.document_number if announcement else None,
        announced_on=announcement.announced_on if announcement else None,
        previous_digest=announcement.previous_digest if announcement else None,
        digest=announcement.digest if announcement else None,
        lines=tuple(map(LineView.model_validate, lines.lines)) if lines else None,
        held_back=tuple(map(HeldBackView.model_validate, one.held_back)) if for_office else None,
    )


def full_list_view(one: AnnualList, *, for_office: bool = False) -> ListView:
    return list_view(summary_of(one), lines=one, for_office=for_office)


def title_view(listing: Listing, shown: UnitOnDay, as_of: date, *, with_flags: bool) -> TitleView:
    return TitleView(
        unit_key=listing.unit_key,
        uscc=listing.uscc,
        name=shown.name,
        pending_name=_pending_name_view(shown),
        former_names=tuple(each.name for each in shown.former_names),
        unit_type=listing.unit_type,
        level=listing.level,
        prefecture=listing.prefecture,
        listed_on=listing.listed_on,
        list_number=listing.list_number,
        document_number=listing.document_number,
        flags=_flag_views(listing, as_of) if with_flags else None,
    )


def unit_view(shown: UnitOnDay, as_of: date, *, with_flags: bool) -> UnitView:
    return UnitView(
        unit_key=shown.key,
        uscc=shown.uscc,
        name=shown.name,
        pending_name=_pending_name_view(shown),
        former_names=tuple(map(FormerNameView.model_validate, shown.former_names)),
        prefecture=shown.prefecture,
        as_of=as_of,
        titles=tuple(_title_entry_view(each, as_of, with_flags=with_flags) for each in shown.listings),
        former_titles=tuple(
            _title_entry_view(each, as_of, until=each.shown_until, with_flags=with_flags)
            for each in shown.former_listings
        ),
        removals=tuple(map(RemovalEntryView.model_validate, shown.removals)),
    )


def _pending_name_view(shown: UnitOnDay) -> PendingNameView | None:
    return None if shown.pending is None else PendingNameView.model_validate(shown.pending)


def _title_entry_view(listing: Listing, as_of: date, *, until: date | None = None, with_flags: bool) -> TitleEntryView:
    return TitleEntryView(
        unit_type=listing.unit_type,
        level=listing.level,
        listed_on=listing.listed_on,
        list_number=listing.list_number,
        document_number=listing.document_number,
        until=until,
        flags=_flag_views(listing, as_of) if with_flags else None,
    )


def _flag_views(listing: Listing, day: date) -> tuple[FlagView, ...]:
    if listing.assessor is None:
        return ()
    return tuple(
        FlagView(
            assessor=listing.assessor,
            document_number=each.document_number,
            flagged_on=each.flagged_on,
            lifted_on=each.lifted_on,
        )
        for each in flags_on(listing, day)
    )
