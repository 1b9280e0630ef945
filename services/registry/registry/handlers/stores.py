"""The collections that lists and removals read and write together."""

from __future__ import annotations

from typing import Protocol

from chassis.handling import Collection

from registry.domain.assessors import AssessorStanding
from registry.domain.bans import Standing
from registry.domain.chain import Book
from registry.domain.clearances import Clearance
from registry.domain.lists import AnnualList
from registry.domain.register import Listing, Unit
from registry.domain.removals import Removal


class Checked(Protocol):
    """What the last check looks at."""

    @property
    def standings(self) -> Collection[Standing]: ...
    @property
    def assessors(self) -> Collection[AssessorStanding]: ...
    @property
    def listings(self) -> Collection[Listing]: ...
    @property
    def units(self) -> Collection[Unit]: ...


class Entered(Protocol):
    """What a removal changes."""

    @property
    def removals(self) -> Collection[Removal]: ...
    @property
    def standings(self) -> Collection[Standing]: ...
    @property
    def units(self) -> Collection[Unit]: ...
    @property
    def listings(self) -> Collection[Listing]: ...


class Composed(Checked, Protocol):
    """What a list is composed of."""

    @property
    def lists(self) -> Collection[AnnualList]: ...
    @property
    def clearances(self) -> Collection[Clearance]: ...
    @property
    def removals(self) -> Collection[Removal]: ...


class Recorded(Composed, Entered, Protocol):
    """What tells whether a removal still finds its year's list."""


class Announced(Recorded, Protocol):
    """What an announcement changes, all in one commit."""

    @property
    def books(self) -> Collection[Book]: ...
