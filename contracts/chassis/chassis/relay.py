"""The relay: the only one that publishes. It says what was committed until the broker has confirmed it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import structlog

from chassis.clock import SystemClock
from chassis.metrics import Metrics
from chassis.mongo import Database, opened_at
from chassis.publisher import LinkDown, Publisher
from chassis.steps import NoSteps, Steps
from chassis.unit import Document

log = structlog.get_logger(__name__)

LEASE = 10.0
"""Seconds that a relay has for a document before another takes it over, by the server's clock."""
IN_FLIGHT = 16
"""Documents whose events wait for confirms at the same time."""
HELD_MAX = 2_000
"""Documents held in memory; what comes beyond is left to the sweep."""
SWEPT_AT_ONCE = 200
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)


class Relay:
    """Woken with each document right after its commit; a sweep takes over what a lost process left.

    Events of one aggregate go out in order, each after the confirm of the one before; different aggregates go side by
    side. A returned or refused event stays, with those of its aggregate behind it, and is alarmed; the sweep tries
    again. Two relays on one document make duplicates, never loss: only the holder of the lease marks it sent.
    """

    def __init__(  # noqa: PLR0913 - wired once, in service.py
        self,
        database: Database,
        publisher: Publisher,
        token: str,
        *,
        metrics: Metrics,
        steps: Steps | None = None,
        lease: float = LEASE,
        sweep_every: float = 2.0,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self.token = token
        self._metrics = metrics
        self._steps = steps or NoSteps()
        self._lease_ms = int(lease * 1000)
        self._sweep_every = sweep_every
        self._waiting: deque[Document] = deque()
        self._held: set[object] = set()
        self._tails: dict[str, asyncio.Future[bool]] = {}
        self._sent: list[object] = []
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._arrived = asyncio.Event()
        self._confirmed = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    def offer(self, document: Document) -> None:
        """Take a document just committed; called by the committer, never waits."""
        if len(self._held) < HELD_MAX and document["_id"] not in self._held:
            self._held.add(document["_id"])
            self._waiting.append(document)
            self._arrived.set()

    def start(self) -> None:
        self._tasks = [asyncio.create_task(each()) for each in (self._feed, self._mark, self._sweep)]

    @property
    def running(self) -> bool:
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def stop(self, patience: float = 5.0) -> None:
        """Send and mark what is held, for a bounded time; the rest is another relay's after its lease."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._held:  # noqa: ASYNC110 - three tasks empty it, at the end of a process
                    await asyncio.sleep(0.01)
        self._stopping = True
        for task in (*self._tasks, *self._sending):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._sending, return_exceptions=True)
        await self._publisher.close()

    async def _feed(self) -> None:
        """Start sending in order of arrival; each document waits for those before it on the same aggregates."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._room.acquire()
                document = self._waiting.popleft()
                before, own = self._queue_up(document)
                task = asyncio.create_task(self._send(document, before, own))
                self._sending.add(task)
                task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._room.release()
        if not task.cancelled() and task.exception() is not None:
            log.error("relay task failed", exc_info=task.exception())

    def _queue_up(self, document: Document) -> tuple[list[asyncio.Future[bool]], asyncio.Future[bool]]:
        own: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        aggregates = {entry["a"] for entry in document["events"]}
        before = {self._tails[each] for each in aggregates if each in self._tails}
        self._tails.update(dict.fromkeys(aggregates, own))
        return list(before), own

    async def _send(
        self, document: Document, before: Sequence[asyncio.Future[bool]], own: asyncio.Future[bool]
    ) -> None:
        try:
            if before:
                await asyncio.wait(before)
            left = await self._publish(document)
            if not left:
                self._steps.reached("confirmed-not-marked")
                self._sent.append(document["_id"])
                self._confirmed.set()
            else:
                await self._leave(document, left)
        except Exception:
            self._held.discard(document["_id"])
            raise
        finally:
            own.set_result(True)
            for aggregate in {entry["a"] for entry in document["events"]}:
                if self._tails.get(aggregate) is own:
                    del self._tails[aggregate]

    async def _publish(self, document: Document) -> list[int]:
        """Publish what is left of a document round by round; return the places of what the broker did not take."""
        stuck: set[str] = set()
        left: list[int] = []
        for places in _rounds(document):
            going = [place for place in places if document["events"][place]["a"] not in stuck]
            left += [place for place in places if document["events"][place]["a"] in stuck]
            answers = await self._confirm([document["events"][place] for place in going])
            for place, answer in zip(going, answers, strict=True):
                if answer is not None:
                    self._alarm(document["events"][place], answer)
                    stuck.add(document["events"][place]["a"])
                    left.append(place)
        return sorted(left)

    async def _confirm(self, entries: list[Document]) -> list[str | None]:
        """Send and wait for confirms; while there is no connection, wait and send again."""
        answers: list[str | None] = ["connection lost"] * len(entries)
        for attempt in range(10**9):
            open_ = [place for place, answer in enumerate(answers) if answer in _AGAIN]
            if not open_:
                break
            if attempt:
                await asyncio.sleep(PAUSES[min(attempt, len(PAUSES)) - 1])
            with suppress(LinkDown):
                for place, answer in zip(
                    open_, await self._publisher.send([entries[place] for place in open_]), strict=True
                ):
                    answers[place] = answer
        self._metrics.relay_published.inc(answers.count(None))
        return answers

    def _alarm(self, entry: Document, cause: str) -> None:
        self._metrics.relay_failures.labels(cause).inc()
        log.error("event not taken by the broker", event_id=entry["h"]["ce-id"], event_type=entry["t"], cause=cause)

    async def _leave(self, document: Document, left: list[int]) -> None:
        self._held.discard(document["_id"])
        await self._database.update("outbox", self._mine(document["_id"]), {"$set": {"left": left}})

    def _mine(self, identifier: object) -> Document:
        return {"_id": identifier, "token": self.token, "sent": False}

    async def _mark(self) -> None:
        """Mark all that has been confirmed meanwhile in one update."""
        while True:
            await self._confirmed.wait()
            self._confirmed.clear()
            sent, self._sent = self._sent, []
            where = {"_id": {"$in": sent}, "token": self.token}
            try:
                await self._database.update_all(
                    "outbox", where, {"$set": {"sent": True}, "$currentDate": {"sent_at": True}}
                )
            except Exception:
                log.exception("sent documents not marked", documents=len(sent))
                self._sent += sent
                self._confirmed.set()
                await asyncio.sleep(1)
            else:
                self._held.difference_update(sent)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._sweep_every)
            try:
                await self.sweep()
            except Exception:
                log.exception("sweep failed")

    async def sweep(self) -> None:
        """Give every unsent document a lease by the server's clock, and take over those whose lease has run out.

        Status and not a high-water mark: commits appear out of order.
        """
        unsent = {"sent": False}
        await self._database.update_all("outbox", {**unsent, "until": {"$exists": False}}, self._lease())
        run_out = {**unsent, "until": {"$exists": True}, "$expr": {"$lt": ["$until", "$$NOW"]}}
        for found in await self._database.find("outbox", run_out, (("_id", 1),), SWEPT_AT_ONCE):
            where = {**unsent, "_id": found["_id"], "token": found["token"], "until": found["until"]}
            taken = await self._database.take("outbox", where, self._lease(self.token))
            if taken is not None:
                self.offer(taken)
        await self._measure()

    def _lease(self, token: str | None = None) -> list[Document]:
        until = {"until": {"$add": ["$$NOW", self._lease_ms]}}
        return [{"$set": until if token is None else {**until, "token": token}}]

    async def _measure(self) -> None:
        waiting = await self._database.find("outbox", {"sent": False}, (("_id", 1),), 1000, ("count",))
        self._metrics.outbox_unsent.set(sum(each["count"] for each in waiting))
        self._metrics.outbox_oldest_unsent_seconds.set(_age(waiting[0]["_id"]) if waiting else 0)


_AGAIN = frozenset({"connection lost", "not confirmed in time", "in flight already"})


def _rounds(document: Document) -> list[list[int]]:
    """Sort the places of a document's events: the first of each aggregate, then the second of each, and so on."""
    rounds: list[list[int]] = []
    seen: dict[str, int] = {}
    for place in document.get("left") or range(len(document["events"])):
        aggregate = document["events"][place]["a"]
        depth = seen[aggregate] = seen.get(aggregate, -1) + 1
        if depth == len(rounds):
            rounds.append([])
        rounds[depth].append(place)
    return rounds


def _age(identifier: object) -> float:
    made = opened_at(identifier)
    return max(0.0, (SystemClock().now() - made).total_seconds()) if made else 0.0
