"""The parts of one service that every request uses, and the record of a refused one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from messages.values import Reason

from chassis.clock import Clock
from chassis.handling import Refusal
from chassis.http.rates import OpenCommandRates
from chassis.observability.metrics import Metrics
from chassis.persistence.unit_of_work import DocumentStore, UnitOfWork
from chassis.regulation import Regulation
from chassis.security.audit import COLLECTIONS, audit_record_of, document
from chassis.security.policies import Actor, Denied, Policy
from chassis.security.tokens import TokenVerifier
from chassis.transactions.commands import CommandExecutor


@dataclass(frozen=True)
class ApiContext:
    """The parts of one service that every request uses, as ``app.state.api``."""

    verifier: TokenVerifier
    commands: CommandExecutor
    database: DocumentStore
    clock: Clock
    metrics: Metrics
    regulation: Regulation
    store: Callable[[UnitOfWork], Any]
    """The service's store, as in ``ServiceDefinition.store``."""
    rates: OpenCommandRates = field(default_factory=OpenCommandRates)

    async def audit_read(self, actor: Actor, policy: Policy, request: Request, denied: Denied | None = None) -> None:
        """Record the request; a request that cannot be recorded is refused (TransientError, 503).

        A single write outside the committer: it is never retried, so it needs no inbox row, and it was measured to
        take a third of the time of a transaction.
        """
        record = audit_record_of(actor, policy.name, request, self.clock.now(), denied)
        await self.database.insert(COLLECTIONS[record.kind], document(record))

    async def audit_denial(
        self, actor: Actor, policy: Policy, denied: Denied, request: Request, absent: Refusal | None = None
    ) -> Refusal:
        """Record the denied attempt and return the refusal that answers it.

        ``absent``: the answer of the route where there is no such resource, if it is not the usual one.
        """
        await self.audit_read(actor, policy, request, denied)
        refusal = absent or Refusal("not-found", status=404)
        self.metrics.access_denied.labels(policy.name, str(refusal.status if denied.hidden else 403)).inc()
        return refusal if denied.hidden else self._forbid(denied)

    def _forbid(self, denied: Denied) -> Refusal:
        reason = self.regulation.reason(denied.rule, denied.code, denied.text, denied.evidence)
        return Refusal("not-allowed", reason, status=403, title="Not allowed")


def denial_of(reason: Reason) -> Denied:
    return Denied(reason.rule, reason.code, reason.text, reason.evidence)
