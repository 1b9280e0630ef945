"""The road of a command from HTTP: the same committer, with the idempotency key in place of the inbox id."""

from __future__ import annotations

from structlog.contextvars import get_contextvars

from chassis.persistence.unit_of_work import Run
from chassis.transactions.group_committer import Committer
from chassis.outbox.entries import Cause
from chassis.transactions.work import Work


class CommandRoad:
    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    async def perform(self, key: str, digest: str, run: Run) -> object:
        """Run once under ``key`` and commit; answer a known key with the reply it had.

        Raises the work's Refusal, also one that was recorded; "idempotency-key-reused" when ``digest`` differs.
        """
        cause = Cause(str(get_contextvars().get("correlation_id") or key))
        verdict = await self._committer.perform(Work(key, run, cause, consumer="http", digest=digest or None))
        if verdict.refusal is not None:
            raise verdict.refusal
        return verdict.value
