"""Commands from HTTP: submitted to the same committer as messages, with the idempotency key as inbox id."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from structlog.contextvars import get_contextvars

from chassis.handling import Refusal
from chassis.outbox.entries import Causation
from chassis.persistence.unit_of_work import HandlerCall, Key, RelatedKeys
from chassis.regulation import Regulation
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.work import KeyReusedError, WorkItem, never


class CommandExecutor:
    """Executes each command once, in a transaction that messages share."""

    def __init__(self, committer: GroupCommitter, regulation: Regulation) -> None:
        self._committer = committer
        self._regulation = regulation

    async def execute(  # noqa: PLR0913 - a command and its options
        self,
        key: str,
        digest: str,
        run: HandlerCall,
        *,
        prefetch: Iterable[Key] = (),
        prefetch_related: RelatedKeys | None = None,
        abandoned: Callable[[], bool] = never,
    ) -> object:
        """Run once for each ``key`` and commit; a known key gets the first reply.

        ``prefetch``, ``prefetch_related`` and ``abandoned`` as in WorkItem. Raises the handler's Refusal, also a
        recorded one, and "idempotency-key-reused" when ``digest`` differs.
        """
        cause = Causation(str(get_contextvars().get("correlation_id") or key))
        try:
            item = WorkItem(
                key,
                run,
                cause,
                consumer="http",
                prefetch=prefetch,
                prefetch_related=prefetch_related,
                digest=digest or None,
                abandoned=abandoned,
            )
            reply = await self._committer.submit(item)
        except KeyReusedError as problem:
            reason = self._regulation.IDEMPOTENCY_KEY_REUSED
            title = "The idempotency key was used for another request"
            raise Refusal("idempotency-key-reused", reason, title=title) from problem
        if reply.refusal is not None:
            raise reply.refusal
        return reply.value
