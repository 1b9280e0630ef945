"""Flags on listed units: a title that rests on a sanctioned assessor's report is to be supervised (Art. 31, S2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from messages.registry import UnitFlagged, UnitFlagLifted
from messages.values import UnitRef

from registry.domain.assessors import AssessorStatus, Sanction
from registry.domain.listings import FOREVER, Flag, Listing, facets_of


@dataclass(frozen=True)
class FlagChange:
    """A title with the flags that follow from its assessor's sanctions, and the events of that change."""

    listing: Listing
    events: tuple[UnitFlagged | UnitFlagLifted, ...]


def update_flags(listing: Listing, unit: UnitRef, assessor: AssessorStatus, today: date) -> FlagChange:
    """Flag the title once for each decision that holds; lift what is revoked, which stays on record (S4).

    A decision that arrives after its revocation leaves no flag. Updating twice changes nothing.
    """
    present = tuple(_with_lifting(flag, assessor, today) for flag in listing.flags)
    known = {flag.document_number for flag in present}
    fresh = tuple(
        Flag(each.document_number, flagged_on=today)
        for each in assessor.sanctions
        if each.document_number not in known and not assessor.has_ended(each) and _reaches(each, listing)
    )
    flags = (*present, *fresh)
    after = replace(
        listing, flags=flags, flagged=any(each.open for each in flags), decisions_applied=assessor.known_decisions
    )
    after = replace(after, facets=facets_of(after))
    return FlagChange(
        after,
        (*(_flagged_event(each, after, unit) for each in fresh), *_flag_lifted_events(listing, after, unit, today)),
    )


def flags_on(listing: Listing, day: date) -> tuple[Flag, ...]:
    """The flags as the register had them at the end of that day."""
    return tuple(
        flag if flag.lifted_on is None or flag.lifted_on <= day else replace(flag, lifted_on=None)
        for flag in listing.flags
        if flag.flagged_on <= day
    )


def _with_lifting(flag: Flag, assessor: AssessorStatus, today: date) -> Flag:
    ended = any(
        each.document_number == flag.document_number and assessor.has_ended(each) for each in assessor.sanctions
    )
    return replace(flag, lifted_on=today) if ended and flag.open else flag


def _reaches(sanction: Sanction, listing: Listing) -> bool:
    """A title that has ended is not supervised; one gained after the three years rests on work done after them."""
    return listing.shown_until == FOREVER and listing.listed_on <= sanction.ban.last_day


def _flagged_event(flag: Flag, listing: Listing, unit: UnitRef) -> UnitFlagged:
    if listing.assessor is None:
        raise ValueError(f"{listing.case_id} rests on no assessor's report")
    return UnitFlagged(
        unit_key=listing.unit_key,
        unit=unit,
        assessor=listing.assessor,
        document_number=flag.document_number,
        flagged_on=flag.flagged_on,
        case_id=listing.case_id,
    )


def _flag_lifted_events(before: Listing, after: Listing, unit: UnitRef, today: date) -> tuple[UnitFlagLifted, ...]:
    """The event of lifting the last flag of a title: while another decision holds, it stays supervised."""
    if not before.flagged or after.flagged or after.assessor is None:
        return ()
    lifted = UnitFlagLifted(
        unit_key=after.unit_key, unit=unit, assessor=after.assessor, lifted_on=today, case_id=after.case_id
    )
    return (lifted,)
