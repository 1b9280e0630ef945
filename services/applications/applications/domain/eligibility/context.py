"""The data that the checks of one application need, loaded beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rulebook import RuleSet, Scheme

from applications.domain.application import Application
from applications.domain.assessors import KnownAssessor
from applications.domain.facts import Fact
from applications.domain.organisation_status import OrganisationStatus
from applications.domain.report import ParkFacts, Report


@dataclass(frozen=True)
class EligibilityContext:
    application: Application
    day: date
    """The legal date of the check: of the submission, or of a later check."""
    rules: RuleSet
    scheme: Scheme
    standing: OrganisationStatus
    facts: Sequence[Fact] = ()
    """Facts recorded about the organisation, wherever: Art. 12(5) does not ask where."""
    assessor: KnownAssessor | None = None
    """The assessor that the application names; None when it is unknown."""
    unit_as_assessor: KnownAssessor | None = None
    """The unit's own entry in the register of assessors; None when it is no assessor."""

    @property
    def report(self) -> Report:
        return self.application.report or Report()

    @property
    def park(self) -> ParkFacts:
        return self.report.park or ParkFacts()
