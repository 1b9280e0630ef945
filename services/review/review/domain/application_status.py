"""The status of an application: its case is opened, or it ended before (A5, V10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from messages.values import Reason
from rulebook import reason

from review.domain.case import Case
from review.domain.closing import close_case
from review.domain.record import Transition


@dataclass(frozen=True)
class ApplicationStatus:
    """One document per application.

    Opening its case and ending it before its case is opened both save it: of two at once, one conflicts and reads the
    other. Once the case is opened, the case itself is what ends.
    """

    application_id: str
    opened: bool = False
    withdrawn: bool = False
    ineligible: tuple[Reason, ...] = ()
    """Why it is no longer eligible under Art. 12; empty while it is."""

    def with_case(self) -> ApplicationStatus:
        return replace(self, opened=True)

    def with_withdrawal(self) -> ApplicationStatus:
        return replace(self, withdrawn=True)

    def with_ineligibility(self, reasons: tuple[Reason, ...]) -> ApplicationStatus:
        """The first reasons stay, whatever else is found later."""
        return replace(self, ineligible=self.ineligible or reasons)


def close_ended_case(case: Case, known: ApplicationStatus, today: date) -> list[Transition]:
    """Close a case whose application ended before it was opened."""
    if known.ineligible:
        return [stop_as_ineligible(case, known.ineligible, today)]
    return [withdraw_case(case, today)] if known.withdrawn else []


def withdraw_case(case: Case, today: date) -> Transition:
    words = reason("A5", "application-withdrawn", "申报单位撤回申报")
    return close_case(case, "withdrawn", (words,), today)


def stop_as_ineligible(case: Case, reasons: tuple[Reason, ...], today: date) -> Transition:
    """V10: end the case of a unit no longer eligible, whatever its stage, also after its notice."""
    return close_case(case, "ineligible", reasons, today)
