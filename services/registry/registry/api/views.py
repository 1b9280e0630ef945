"""Representations of titles, units, bans and removals."""

from __future__ import annotations

from datetime import date

from chassis.http import View
from messages.values import AssessorRef, Ban, Level, Prefecture, Reason, UnitRef, UnitType

from registry.domain.flags import flags_on
from registry.domain.listings import Listing
from registry.domain.register import UnitOnDay
from registry.domain.removals import Ground, Removal, RemovalEffect, RemovalState, shown_state


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
    historic: bool
    """About a title from before this register."""
    effect: RemovalEffect
    state: RemovalState


def removal_view(removal: Removal, last_number: int) -> RemovalView:
    return RemovalView.model_validate(removal).model_copy(update={"state": shown_state(removal, last_number)})


def title_view(listing: Listing, shown: UnitOnDay, as_of: date, *, with_flags: bool) -> TitleView:
    return TitleView(
        unit_key=listing.unit_key,
        uscc=listing.uscc,
        name=shown.name,
        pending_name=_pending_name_view(shown),
        former_names=tuple(each.name for each in shown.former_names),
        unit_type=listing.unit_type,
        level=listing.level,
        prefecture=listing.residence.on(as_of),
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
            _title_entry_view(each, as_of, until=each.end, with_flags=with_flags) for each in shown.former_listings
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
