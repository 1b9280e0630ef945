"""The collections that handlers need, as a protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

from chassis.handling import Collection, Filter, Sort
from messages.values import RecordedCode

from review.domain.act import Act
from review.domain.application_status import ApplicationStatus
from review.domain.assessors import AssessorStatus
from review.domain.case import Case
from review.domain.draw import RevealedDraw
from review.domain.expert import Expert
from review.domain.group import RankingLine
from review.domain.notice import PublicNotice
from review.domain.notice_list import NoticeLine
from review.domain.objection import Objection, OpenObjection
from review.domain.opinion import DocumentNumber
from review.domain.ranking import Batch, BatchRanking, WaitingCase
from review.domain.record import RecordEntry
from review.domain.unit_status import UnitStatus

T = TypeVar("T")
SEED_BYTES = 32
"""Of the seed of a draw, from the system's generator."""


class PagedCollection(Collection[T], Protocol[T]):
    """A collection that may be read as a whole, by the page, outside a transaction."""

    def pages(self, where: Filter, /, *, sort: Sort = (), size: int = ...) -> AsyncIterator[list[T]]: ...


class Store(Protocol):
    @property
    def cases(self) -> PagedCollection[Case]: ...
    @property
    def records(self) -> Collection[RecordEntry]: ...
    @property
    def application_statuses(self) -> Collection[ApplicationStatus]: ...
    @property
    def unit_statuses(self) -> Collection[UnitStatus]: ...
    @property
    def assessors(self) -> Collection[AssessorStatus]: ...
    @property
    def document_numbers(self) -> Collection[DocumentNumber]: ...
    @property
    def experts(self) -> Collection[Expert]: ...
    @property
    def batches(self) -> Collection[Batch]: ...
    @property
    def revealed_draws(self) -> Collection[RevealedDraw]: ...
    @property
    def acts(self) -> Collection[Act]: ...
    @property
    def rankings(self) -> Collection[BatchRanking]: ...
    @property
    def ranking_lines(self) -> PagedCollection[RankingLine]: ...
    @property
    def waiting_cases(self) -> PagedCollection[WaitingCase]: ...
    @property
    def notices(self) -> Collection[PublicNotice]: ...
    @property
    def notice_lines(self) -> PagedCollection[NoticeLine]: ...
    @property
    def codes(self) -> Collection[RecordedCode]:
        """By the code: those that fail their check and are recorded all the same."""
        ...

    @property
    def objections(self) -> Collection[Objection]: ...
    @property
    def open_objections(self) -> Collection[OpenObjection]:
        """By case and person: one objection each that is not decided yet."""
        ...
