"""The collections that handlers need, as a protocol."""

from __future__ import annotations

from typing import Protocol

from chassis.handling import Collection

from review.domain.application_status import ApplicationStatus
from review.domain.assessors import AssessorStatus
from review.domain.case import Case
from review.domain.expert import Expert
from review.domain.notice import Objection, PublicNotice
from review.domain.opinion import DocumentNumber
from review.domain.ranking import Batch, BatchRanking
from review.domain.record import RecordEntry
from review.domain.unit_status import UnitStatus


class Store(Protocol):
    @property
    def cases(self) -> Collection[Case]: ...
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
    def rankings(self) -> Collection[BatchRanking]: ...
    @property
    def notices(self) -> Collection[PublicNotice]: ...
    @property
    def objections(self) -> Collection[Objection]: ...
