"""The ordered dispatch of one process beside a database, with its operations in random order."""

from __future__ import annotations

from collections import deque
from random import Random

import pytest
from chassis.handling import Document
from chassis.outbox.ordering import InFlightDocument, OrderedDispatch

AGGREGATES = "abcd"
PAGE = 2


class RelayModel:
    """Commits, sends, marks and sweeps as the relay does, one operation at a time."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the same order for the same seed
        self.dispatch = OrderedDispatch(max_in_flight=5, max_blocked_keys=2)
        self.made = 0
        self.committing: list[Document] = []
        self.unpublished: dict[int, Document] = {}
        self.offered: deque[Document] = deque()
        self.in_flight: list[InFlightDocument] = []
        self.confirmed: list[int] = []
        self.published: list[tuple[str, int]] = []
        self.refused: set[str] = set()
        self.sweeps = self.sweep()

    async def begin(self) -> None:
        """Make a document before its commit, of aggregates that no other commit in flight has."""
        busy = {event["aggregate"] for document in self.committing for event in document["events"]}
        free = [key for key in AGGREGATES if key not in busy]
        if free and len(self.committing) < 2:
            self.made += 1
            keys = self.random.sample(free, min(len(free), self.random.choice((1, 1, 2))))
            self.committing.append({"_id": self.made, "events": [{"aggregate": key} for key in keys]})

    async def commit(self) -> None:
        if self.committing:
            document = self.committing.pop(self.random.randrange(len(self.committing)))
            self.unpublished[document["_id"]] = document
            self.offered.append(document)

    async def offer(self) -> None:
        if self.offered and (in_flight := self.dispatch.admit(self.offered.popleft())) is not None:
            self.in_flight.append(in_flight)

    async def send(self) -> None:
        ready = [each for each in self.in_flight if all(ahead.done() for ahead in each.predecessors)]
        if not ready:
            return
        in_flight = self.random.choice(ready)
        self.in_flight.remove(in_flight)
        await in_flight.wait_for_predecessors()
        document = in_flight.document
        left = [
            place
            for place in document.get("unpublished") or range(len(document["events"]))
            if self.remains(in_flight, place)
        ]
        if left and document["_id"] in self.unpublished:
            self.unpublished[document["_id"]] = {**document, "unpublished": left}
        if not left:
            self.confirmed.append(document["_id"])
        self.dispatch.complete(in_flight, sent=not left)

    def remains(self, in_flight: InFlightDocument, place: int) -> bool:
        key = in_flight.document["events"][place]["aggregate"]
        if key not in in_flight.blocked and key in self.refused:
            self.dispatch.block(in_flight, key)
        if key not in in_flight.blocked:
            self.published.append((key, in_flight.document["_id"]))
        return key in in_flight.blocked

    async def mark(self) -> None:
        for identifier in self.confirmed:
            self.unpublished.pop(identifier, None)
        self.dispatch.release(self.confirmed)
        self.confirmed.clear()

    async def sweep_step(self) -> None:
        """Take one step of the sweep."""
        await anext(self.sweeps, None)

    async def sweep(self):  # type: ignore[no-untyped-def] # noqa: ANN201 - a generator of its steps
        while True:
            self.dispatch.begin_sweep()
            while self.dispatch.room_for(PAGE):
                behind, known = self.dispatch.needs_sweep, set(self.dispatch.known_ids)
                yield
                page = [each for key, each in sorted(self.unpublished.items()) if behind and key not in known]
                yield
                self.in_flight += self.dispatch.resume([(each, True) for each in page[:PAGE]])
                if len(page) < PAGE:
                    self.dispatch.end_sweep()
                    break
                yield
            yield

    async def refuse(self) -> None:
        self.refused ^= {self.random.choice(AGGREGATES)}

    async def settle(self) -> None:
        """Publish everything: no new commits, no refusals."""
        self.refused.clear()
        while self.committing:
            await self.commit()
        for _ in range(400):
            for operation in (self.offer, self.send, self.mark, self.sweep_step):
                await operation()


@pytest.mark.parametrize("start", range(0, 400, 100))
async def test_any_interleaving_publishes_every_event_in_the_order_of_its_aggregate(start: int) -> None:
    for seed in range(start, start + 100):
        model = RelayModel(seed)
        operations = [model.begin, model.commit, model.offer, model.send, model.mark, model.sweep_step, model.refuse]
        for operation in model.random.choices(operations, (6, 6, 6, 5, 2, 6, 1), k=400):
            await operation()
        await model.settle()

        for key in AGGREGATES:
            order = list(dict.fromkeys(identifier for each, identifier in model.published if each == key))
            assert order == sorted(order), (seed, key)
        assert not model.unpublished, seed
