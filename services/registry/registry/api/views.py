"""What callers send and are shown."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from messages.values import AssessorRef, Ban, Identifier, Level, Prefecture, Reason, Text, UnitRef, UnitType
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry.domain.flags import flags_on
from registry.domain.lists import AnnualList, ListState
from registry.domain.refusals import ListSummary, overview
from registry.domain.register import Listing, UnitOnDay
from registry.domain.removals import Ground, RemovalEffect, RemovalState

DocumentNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
UnitName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class CloseBody(Body):
    dry_run: bool = False
    """Show what closing would make, and change nothing."""


class AnnounceBody(Body):
    document_number: DocumentNumber
    list_id: Identifier | None = None
    """The list that is meant, as closing told it; left out, the one that waits."""


class CorrectBody(Body):
    names: Annotated[dict[str, UnitName], Field(min_length=1)]
    """Source of the line → the name as it should have been printed."""
    why: Text


class RemovalBody(Body):
    unit: UnitRef
    ground: Ground
    document_number: DocumentNumber
    decided_on: date
    levels: tuple[Level, ...] = ()
    """The levels the document names; left out, all that the unit holds."""


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
    """A list; ``lines`` where they were asked for, ``held_back`` for the department only."""

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


class Feed(View):
    """Announced lists in the order of their numbers; ask again with ``after`` to go on from here."""

    items: tuple[ListView, ...]
    after: int


class FlagView(View):
    """Supervision because the assessor whose report the title rests on was sanctioned (S2)."""

    assessor: AssessorRef
    document_number: str
    """Of the decision on the assessor."""
    flagged_on: date
    lifted_on: date | None


class PendingName(View):
    """Another name under which the unit was put forward; it takes effect by a list that renames it (R22)."""

    name: str
    shown_from: date


class TitleView(View):
    """One title of one unit, as the register showed it on the day asked about."""

    unit_key: str
    uscc: str
    name: str
    pending_name: PendingName | None
    former_names: tuple[str, ...]
    unit_type: UnitType
    level: Level
    prefecture: Prefecture
    listed_on: date
    list_number: int
    document_number: str
    flags: tuple[FlagView, ...] | None = None
    """For the departments and the unit itself only."""


class EntryView(View):
    unit_type: UnitType
    level: Level
    listed_on: date
    list_number: int
    document_number: str
    until: date | None = None
    """The day from which the register no longer showed it."""
    flags: tuple[FlagView, ...] | None = None
    """For the departments and the unit itself only."""


class FormerName(View):
    name: str
    shown_from: date


class RemovedView(View):
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
    pending_name: PendingName | None
    former_names: tuple[FormerName, ...]
    prefecture: Prefecture
    as_of: date
    titles: tuple[EntryView, ...]
    former_titles: tuple[EntryView, ...]
    removals: tuple[RemovedView, ...]


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
    placed = one.announcement
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
        number=placed.number if placed else None,
        document_number=placed.document_number if placed else None,
        announced_on=placed.announced_on if placed else None,
        previous_digest=placed.previous_digest if placed else None,
        digest=placed.digest if placed else None,
        lines=tuple(map(LineView.model_validate, lines.lines)) if lines else None,
        held_back=tuple(map(HeldBackView.model_validate, one.held_back)) if for_office else None,
    )


def full_list_view(one: AnnualList, *, for_office: bool = False) -> ListView:
    return list_view(overview(one), lines=one, for_office=for_office)


def title_view(listing: Listing, shown: UnitOnDay, as_of: date, *, with_flags: bool) -> TitleView:
    return TitleView(
        unit_key=listing.unit_key,
        uscc=listing.uscc,
        name=shown.name,
        pending_name=_pending(shown),
        former_names=tuple(each.name for each in shown.former_names),
        unit_type=listing.unit_type,
        level=listing.level,
        prefecture=listing.prefecture,
        listed_on=listing.listed_on,
        list_number=listing.list_number,
        document_number=listing.document_number,
        flags=_flags(listing, as_of) if with_flags else None,
    )


def unit_view(shown: UnitOnDay, as_of: date, *, with_flags: bool) -> UnitView:
    return UnitView(
        unit_key=shown.key,
        uscc=shown.uscc,
        name=shown.name,
        pending_name=_pending(shown),
        former_names=tuple(map(FormerName.model_validate, shown.former_names)),
        prefecture=shown.prefecture,
        as_of=as_of,
        titles=tuple(_entry(each, as_of, with_flags=with_flags) for each in shown.listings),
        former_titles=tuple(
            _entry(each, as_of, until=each.shown_until, with_flags=with_flags) for each in shown.former_listings
        ),
        removals=tuple(map(RemovedView.model_validate, shown.removals)),
    )


def _pending(shown: UnitOnDay) -> PendingName | None:
    return None if shown.pending is None else PendingName.model_validate(shown.pending)


def _entry(listing: Listing, as_of: date, *, until: date | None = None, with_flags: bool) -> EntryView:
    return EntryView(
        unit_type=listing.unit_type,
        level=listing.level,
        listed_on=listing.listed_on,
        list_number=listing.list_number,
        document_number=listing.document_number,
        until=until,
        flags=_flags(listing, as_of) if with_flags else None,
    )


def _flags(listing: Listing, day: date) -> tuple[FlagView, ...]:
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
