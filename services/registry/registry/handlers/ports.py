"""The collections that handlers read and write."""

from __future__ import annotations

from typing import Protocol

from chassis.handling import Collection
from messages.values import RecordedCode

from registry.domain.assessors import AssessorStatus
from registry.domain.bans import BanRecord
from registry.domain.chain import ChainHead
from registry.domain.clearances import Clearance
from registry.domain.lines import HeldBackLine, PrintedLine
from registry.domain.list_acts import ListAct
from registry.domain.listings import Listing
from registry.domain.lists import AnnualList
from registry.domain.locations import Location
from registry.domain.notices import ConcludedNotice, Showing
from registry.domain.reconciliation import Reconciliation
from registry.domain.register import RegisteredUnit
from registry.domain.removals import Removal


class Store(Protocol):
    @property
    def lists(self) -> Collection[AnnualList]: ...
    @property
    def list_lines(self) -> Collection[PrintedLine]: ...
    @property
    def held_back_lines(self) -> Collection[HeldBackLine]: ...
    @property
    def list_acts(self) -> Collection[ListAct]: ...
    @property
    def chain_heads(self) -> Collection[ChainHead]: ...
    @property
    def clearances(self) -> Collection[Clearance]: ...
    @property
    def showings(self) -> Collection[Showing]: ...
    @property
    def notices(self) -> Collection[ConcludedNotice]: ...
    @property
    def reconciliations(self) -> Collection[Reconciliation]: ...
    @property
    def removals(self) -> Collection[Removal]: ...
    @property
    def units(self) -> Collection[RegisteredUnit]: ...
    @property
    def listings(self) -> Collection[Listing]: ...
    @property
    def locations(self) -> Collection[Location]:
        """By USCC, of organisations that have moved."""
        ...

    @property
    def ban_records(self) -> Collection[BanRecord]: ...
    @property
    def codes(self) -> Collection[RecordedCode]:
        """By the code: those that fail their check and are recorded all the same."""
        ...

    @property
    def assessors(self) -> Collection[AssessorStatus]: ...
