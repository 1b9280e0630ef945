"""All that the checks of one submission look at, gathered beforehand."""

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
    """The legal date as of which is asked: of the submission, or of a later look."""
    rules: RuleSet
    scheme: Scheme
    standing: OrganisationStatus
    facts: Sequence[Fact] = ()
    """What officers and agencies have recorded about the organisation: Art. 12(5) asks not where."""
    assessor: KnownAssessor | None = None
    """The one the application names, where it is known at all."""

    @property
    def report(self) -> Report:
        return self.application.report or Report()

    @property
    def park(self) -> ParkFacts:
        return self.report.park or ParkFacts()
