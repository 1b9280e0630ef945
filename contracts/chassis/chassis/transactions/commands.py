"""The road of a command from HTTP: the same committer, with the idempotency key in place of the inbox id."""

from __future__ import annotations

from structlog.contextvars import get_contextvars

from chassis.outbox.entries import Causation
from chassis.persistence.unit_of_work import HandlerCall
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.work import WorkItem


class CommandExecutor:
    def __init__(self, committer: GroupCommitter) -> None:
        self._committer = committer

    async def perform(self, key: str, digest: str, run: HandlerCall) -> object:
        """Run once under ``key`` and commit; answer a known key with the reply it had.

        Raises the work's Refusal, also one that was recorded; "idempotency-key-reused" when ``digest`` differs.
        """
        cause = Causation(str(get_contextvars().get("correlation_id") or key))
        verdict = await self._committer.submit(WorkItem(key, run, cause, consumer="http", digest=digest or None))
        if verdict.refusal is not None:
            raise verdict.refusal
        return verdict.value
