"""The collections that handlers read and write."""

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


class Store(Protocol):
    @property
    def lists(self) -> Collection[AnnualList]: ...
    @property
    def chain_heads(self) -> Collection[ChainHead]: ...
    @property
    def clearances(self) -> Collection[Clearance]: ...
    @property
    def removals(self) -> Collection[Removal]: ...
    @property
    def units(self) -> Collection[RegisteredUnit]: ...
    @property
    def listings(self) -> Collection[Listing]: ...
    @property
    def ban_records(self) -> Collection[BanRecord]: ...
    @property
    def assessors(self) -> Collection[AssessorStatus]: ...
