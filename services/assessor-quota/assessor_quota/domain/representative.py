"""Legal representatives of an assessor and their periods, which follow one another without a gap (Q4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from messages.values import PersonRef, Reason
from rulebook import reason


@dataclass(frozen=True)
class FormerRepresentative:
    """Somebody who was the legal representative up to the day before ``replaced_on``."""

    person: PersonRef
    name: str
    replaced_on: date
    document_number: str | None = None
    """Number of the document that shows the change."""


@dataclass(frozen=True)
class Term:
    """The time of a legal representative in office: from ``since`` to the day before ``until``."""

    person: PersonRef
    name: str
    since: date | None
    """None: from before the first change on record."""
    until: date | None = None


def terms(former: Sequence[FormerRepresentative], person: PersonRef, name: str) -> tuple[Term, ...]:
    """Return everybody who was or is in office, the present one last."""
    begins = [None, *(each.replaced_on for each in former)]
    past = [Term(each.person, each.name, begins[at], each.replaced_on) for at, each in enumerate(former)]
    return (*past, Term(person, name, begins[-1]))


@dataclass(frozen=True)
class CountedRepresentative:
    """A legal representative with whom an item counts; ``carried_on`` is when the assessor came, if it did since."""

    person: PersonRef
    carried_on: date | None


def counted_representatives(all_terms: Sequence[Term], day: date, year: int) -> tuple[CountedRepresentative, ...]:
    """Return the legal representatives with whom an item of ``year`` counts that was submitted on ``day``.

    It counts with the one in office on that day, held into the year (an item submitted in December for the next year
    counts from 1 January on), and with everybody who took over since, up to the end of the year: their items of the
    year come along and stay behind as well (Q4). Nobody is named twice; whoever took over last comes last.
    """
    held = min(max(day, date(year, 1, 1)), date(year, 12, 31))
    reached = [each for each in all_terms if (each.since or held).year <= year]
    in_office, *later = [each for each in reached if each.until is None or each.until > held]
    counted = {in_office.person.digest: CountedRepresentative(in_office.person, None)}
    for each in later:
        before = counted.pop(each.person.digest, CountedRepresentative(each.person, each.since))
        counted[each.person.digest] = before
    return tuple(counted.values())


def change_problems(
    all_terms: Sequence[Term], registered_on: date, successor: PersonRef, changed_on: date, today: date
) -> Iterator[Reason]:
    """Yield the reasons that keep a change from being recorded: periods follow one another, up to today (Q4)."""
    present = all_terms[-1]
    if changed_on > today:
        yield reason("Q4", "change-in-future", "变更日期晚于今日", str(changed_on), "/changed_on")
    if present.since is not None and changed_on <= present.since:
        text = f"现任法定代表人自{present.since}起任职，变更日期应在其后"
        yield reason("Q4", "periods-overlap", text, str(changed_on), "/changed_on")
    elif changed_on < registered_on:
        text = f"该机构于{registered_on}登记，变更日期不得早于登记日期"
        yield reason("Q4", "change-before-registration", text, str(changed_on), "/changed_on")
    if successor.digest == present.person.digest:
        text = "新任法定代表人与现任为同一人"
        yield reason("Q4", "same-representative", text, successor.masked, "/representative/document_number")
