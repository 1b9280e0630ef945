"""The groups of numbers and readings that make up a rule set."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from messages.values import UnitType
from pydantic import AfterValidator, Field, field_validator, model_validator

from rulebook.types import Frozen, UnitTypeKey

Years = Annotated[int, Field(ge=1, le=30)]
WorkingDays = Annotated[int, Field(ge=1, le=366)]
Count = Annotated[int, Field(ge=1)]
Percent = Annotated[Decimal, Field(ge=0, le=100)]
Star = Annotated[int, Field(ge=1, le=3)]
Ground = Literal["D1", "D2", "D3", "D4", "D5"]
"""Why a unit is removed, by the rule's id (Art. 24)."""


def _real_day(month_day: tuple[int, int]) -> tuple[int, int]:
    month, day = month_day
    # 2001 is a common year, so that 29 February, which most years lack, is refused.
    date(2001, month, day)
    return month_day


MonthDay = Annotated[tuple[int, int], AfterValidator(_real_day)]


class Quota(Frozen):
    items_per_year: Count
    """Items that assessors of one legal representative may carry out together in a year."""


class Naming(Frozen):
    """Days in which an assessor says whether it evaluates an application that names it."""

    reminder_working_days: WorkingDays
    due_working_days: WorkingDays

    @model_validator(mode="after")
    def _reminded_before_due(self) -> "Naming":
        if self.reminder_working_days >= self.due_working_days:
            raise ValueError("the reminder must come before the assessor's word is due")
        return self


class Sanction(Frozen):
    years: Years


class Ban(Frozen):
    years: Years


class Cycle(Frozen):
    years: Years
    """Years from listing, or from the last passed recheck, to the next recheck."""


class Lookback(Frozen):
    years: Years
    shutdown_months: Count
    """Months of standstill in a row that count as not operating normally."""


class Deadlines(Frozen):
    """Yearly dates as (month, day); the day itself belongs to the term."""

    forward: MonthDay
    dynamic_form: MonthDay
    statement: MonthDay
    annual_summary: MonthDay
    success_rate: MonthDay
    """When the success rates of the year before are computed and published."""


class Notice(Frozen):
    min_working_days: WorkingDays
    max_working_days: WorkingDays
    """The longest notice that may be published: its end binds, and nothing shortens it."""
    objection_receipt_working_days: WorkingDays
    """Within which an objection is received, or not received with reasons (V18)."""

    @model_validator(mode="after")
    def _longest_is_no_shorter(self) -> "Notice":
        if self.max_working_days < self.min_working_days:
            raise ValueError("the longest notice is shorter than the shortest")
        return self


class Entry(Frozen):
    """The days that people may enter."""

    earliest_day: date
    years_ahead: Years
    """Years from the day of entry to the last day that may be entered."""


class ChangeFiling(Frozen):
    working_days: WorkingDays


class Stars(Frozen):
    shares: Mapping[Star, Count]
    """Percent of the rated set by star, three being the highest."""
    ties_to: Literal["higher", "lower"]
    """Which star takes the place when remainders are equal."""

    @field_validator("shares")
    @classmethod
    def _whole(cls, shares: Mapping[int, int]) -> Mapping[int, int]:
        if sum(shares.values()) != 100:  # noqa: PLR2004 -- percent
            raise ValueError(f"shares add up to {sum(shares.values())}, not to 100")
        return shares


class Park(Frozen):
    min_value_added_share: Percent
    """Exclusive: a park with just this share fails."""
    cleaner_audit_share: Percent
    min_staff: Count


class Selection(Frozen):
    pass_mark: Mapping[UnitTypeKey, Percent]
    cap: Mapping[UnitTypeKey, Count | None]
    """None: as many as reach the pass mark."""
    borderline: Percent
    """Points on either side of the pass mark within which a site is visited."""
    site_visit_draw_rate: Annotated[Decimal, Field(ge=0, le=1)]
    """Share of the other cases drawn for a site visit."""

    @model_validator(mode="before")
    @classmethod
    def _every_type_has_a_cap_entry(cls, raw: object) -> object:
        if not isinstance(raw, Mapping):
            return raw
        cap = raw.get("cap") or {}
        return {**raw, "cap": {**dict.fromkeys(UnitType), **cap}} if isinstance(cap, Mapping) else raw

    @field_validator("pass_mark")
    @classmethod
    def _every_type_has_a_mark(cls, marks: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
        missing = [unit_type for unit_type in UnitType if unit_type not in marks]
        if missing:
            raise ValueError(f"no pass mark for {', '.join(missing)}")
        return marks

    def is_borderline(self, unit_type: str, score: Decimal) -> bool:
        return abs(score - self.pass_mark[unit_type]) <= self.borderline


class Panel(Frozen):
    min_experts: Annotated[int, Field(ge=1)]
    conflict_years: Years
    deviation_limit: Percent
    """Points between an expert's total and the panel's beyond which the expert is flagged."""

    @field_validator("min_experts")
    @classmethod
    def _odd(cls, experts: int) -> int:
        if experts % 2 == 0:
            raise ValueError(f"a panel of {experts} is not odd")
        return experts


class Consultation(Frozen):
    departments: Annotated[tuple[str, ...], Field(min_length=1)]
    reminder_working_days: WorkingDays
    due_working_days: WorkingDays
    answer_working_days: WorkingDays
    """Between the reminder and silence that counts as overdue, however late the reminder was."""

    @model_validator(mode="after")
    def _reminded_before_due(self) -> "Consultation":
        if self.reminder_working_days >= self.due_working_days:
            raise ValueError("the reminder must come before the opinion is due")
        if self.reminder_working_days + self.answer_working_days > self.due_working_days:
            raise ValueError("a reminder in time must leave its days for an answer before the opinion is due")
        return self


class Stages(Frozen):
    """Time limits in working days; waiting for the applicant does not count."""

    working_days: Mapping[str, WorkingDays]
    ladder_working_days: tuple[Annotated[int, Field(ge=0)], ...]
    """Working days past the limit at which officer and superior are notified, once each."""
    claim_lapse_hours: Count

    @field_validator("ladder_working_days")
    @classmethod
    def _rising(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if list(steps) != sorted(set(steps)):
            raise ValueError("the steps of the ladder must rise")
        return steps


class Batches(Frozen):
    per_year: Count
    """Batches of one level and year without a recorded decision for more."""


class Reminders(Frozen):
    days_before: Annotated[tuple[Count, ...], Field(min_length=1)]


class ApplicationForms(Frozen):
    years_of_finances: Years
    """Last years whose finances Annex 1 asks for, or as many as the enterprise has existed (C2)."""


class Files(Frozen):
    max_bytes: Count
    max_files_per_day: Count
    """Files that one organisation may send on a day."""
    max_bytes_per_day: Count
    media_types: Annotated[tuple[str, ...], Field(min_length=1)]


class ImmediateRemoval(Frozen):
    """From which grade on a unit leaves every list at once."""

    accident_grades: Annotated[tuple[str, ...], Field(min_length=1)]
    incident_grades: Annotated[tuple[str, ...], Field(min_length=1)]


class Removal(Frozen):
    every_title: frozenset[Ground]
    """Grounds that end the titles of every type; the others end those of the unit's own type."""


class Agency(Frozen):
    """A register agency: its name, and the kinds of facts that are its to record (X2)."""

    name: Annotated[str, Field(min_length=1)]
    kinds: Annotated[frozenset[str], Field(min_length=1)]


class Readings(Frozen):
    """Choices made where the regulation is silent or ambiguous."""

    fixed_dates_move: bool
    """T6: a fixed date that falls on a holiday moves to the next working day."""
    not_on_lower_list_needs_justification: bool
    """E10: a unit not on the lower list goes up only with a written justification."""
    overdue_opinion_counts_as_agreement: bool
    """V2: a consulted department that stays silent has agreed."""
    recheck_counts_as_item: bool
    """Q1: a recheck or re-evaluation by an assessor uses an item."""
    quota_year: Literal["batch_year", "filing_year"]
    """Q3: the year whose quota an application uses."""
    late_form_lifts_ground_before_decision: bool
    """R17b: a late form filed before the year's removal decision lifts the ground of D1."""
    failed_reevaluation_brings_ban: bool
    """R20: Art. 20 speaks of applying anew, Art. 25 of removed units only."""
    own_request_brings_ban: bool
    """B1: leaving at one's own request is a removal under Art. 24(4)."""
