"""The collections that lists and removals read and write together."""

from __future__ import annotations

from typing import Protocol

from chassis.handling import Collection

from registry.domain.assessors import AssessorStatus
from registry.domain.bans import BanRecord
from registry.domain.chain import ChainHead
from registry.domain.clearances import Clearance
from registry.domain.lists import AnnualList
from registry.domain.register import Listing, RegisteredUnit
from registry.domain.removals import Removal


class CheckStore(Protocol):
    """What the last check looks at."""

    @property
    def standings(self) -> Collection[BanRecord]: ...
    @property
    def assessors(self) -> Collection[AssessorStatus]: ...
    @property
    def listings(self) -> Collection[Listing]: ...
    @property
    def units(self) -> Collection[RegisteredUnit]: ...


class RemovalStore(Protocol):
    """What a removal changes."""

    @property
    def removals(self) -> Collection[Removal]: ...
    @property
    def standings(self) -> Collection[BanRecord]: ...
    @property
    def units(self) -> Collection[RegisteredUnit]: ...
    @property
    def listings(self) -> Collection[Listing]: ...


class ListStore(CheckStore, Protocol):
    """What a list is composed of."""

    @property
    def lists(self) -> Collection[AnnualList]: ...
    @property
    def clearances(self) -> Collection[Clearance]: ...
    @property
    def removals(self) -> Collection[Removal]: ...


class RemovalRecordingStore(ListStore, RemovalStore, Protocol):
    """What tells whether a removal still finds its year's list."""


class AnnouncementStore(RemovalRecordingStore, Protocol):
    """What an announcement changes, all in one commit."""

    @property
    def books(self) -> Collection[ChainHead]: ...
