"""The store that handlers use, as one unit of work opens it."""

from __future__ import annotations

from typing import Protocol

from chassis.handling import Collection
from messages.values import PersonRef, RecordedCode

from assessor_quota.domain.application_progress import ApplicationProgress
from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import RegisterEntry
from assessor_quota.domain.item import QuotaItem
from assessor_quota.domain.ledger import Ledger
from assessor_quota.domain.rates import RateTotal, YearlyRate
from assessor_quota.domain.reconciliation import Reconciliation
from assessor_quota.domain.sanction import SanctionDecision
from assessor_quota.domain.statements import DutyCursor, Statement, StatementDuty


class Store(Protocol):
    @property
    def assessors(self) -> Collection[Assessor]: ...

    @property
    def entries(self) -> Collection[RegisterEntry]: ...

    @property
    def sanctions(self) -> Collection[SanctionDecision]: ...

    @property
    def persons(self) -> Collection[PersonRef]: ...

    @property
    def items(self) -> Collection[QuotaItem]: ...

    @property
    def ledgers(self) -> Collection[Ledger]: ...

    @property
    def progress(self) -> Collection[ApplicationProgress]: ...

    @property
    def rates(self) -> Collection[YearlyRate]: ...

    @property
    def rate_totals(self) -> Collection[RateTotal]: ...

    @property
    def duties(self) -> Collection[StatementDuty]: ...

    @property
    def statements(self) -> Collection[Statement]: ...

    @property
    def duty_cursors(self) -> Collection[DutyCursor]: ...

    @property
    def codes(self) -> Collection[RecordedCode]:
        """By the code: those that fail their check and are recorded all the same."""
        ...

    @property
    def reconciliations(self) -> Collection[Reconciliation]: ...
