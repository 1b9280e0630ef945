"""One process's lanes beside a database, every step at a time of chance's choosing."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from random import Random

import pytest
from chassis.outbox.ordering import InFlightDocument, OrderedDispatch
from chassis.persistence.unit_of_work import Document

AGGREGATES = "abcd"
PAGE = 2


class Desk:
    """Commits, sends, marks and sweeps as the relay does, with the steps of each between those of the others."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 - the same course for the same seed
        self.lanes = OrderedDispatch(held_max=5, stuck_max=2)
        self.made = 0
        self.committing: list[Document] = []
        self.unsent: dict[int, Document] = {}
        self.offered: deque[Document] = deque()
        self.in_hand: list[InFlightDocument] = []
        self.confirmed: list[int] = []
        self.said: list[tuple[str, int]] = []
        self.refused: set[str] = set()
        self.sweeping = self.sweep()

    async def begin(self) -> None:
        """Make a document; its identifier is older than its commit, and no other flight has its aggregates."""
        busy = {event["a"] for document in self.committing for event in document["events"]}
        free = [lane for lane in AGGREGATES if lane not in busy]
        if free and len(self.committing) < 2:
            self.made += 1
            lanes = self.chance.sample(free, min(len(free), self.chance.choice((1, 1, 2))))
            self.committing.append({"_id": self.made, "events": [{"a": lane} for lane in lanes]})

    async def commit(self) -> None:
        if self.committing:
            document = self.committing.pop(self.chance.randrange(len(self.committing)))
            self.unsent[document["_id"]] = document
            self.offered.append(document)

    async def offer(self) -> None:
        if self.offered and (held := self.lanes.admit(self.offered.popleft())) is not None:
            self.in_hand.append(held)

    async def send(self) -> None:
        ready = [each for each in self.in_hand if all(ahead.done() for ahead in each.ahead)]
        if not ready:
            return
        held = self.chance.choice(ready)
        self.in_hand.remove(held)
        await held.wait_for_predecessors()
        document = held.document
        left = [place for place in document.get("left") or range(len(document["events"])) if self.stays(held, place)]
        if left and document["_id"] in self.unsent:
            self.unsent[document["_id"]] = {**document, "left": left}
        if not left:
            self.confirmed.append(document["_id"])
        self.lanes.complete(held, sent=not left)

    def stays(self, held: InFlightDocument, place: int) -> bool:
        lane = held.document["events"][place]["a"]
        if lane not in held.stuck and lane in self.refused:
            self.lanes.block(held, lane)
        if lane not in held.stuck:
            self.said.append((lane, held.document["_id"]))
        return lane in held.stuck

    async def mark(self) -> None:
        for identifier in self.confirmed:
            self.unsent.pop(identifier, None)
        self.lanes.release(self.confirmed)
        self.confirmed.clear()

    async def look(self) -> None:
        """Go one step on with the sweep."""
        await anext(self.sweeping, None)

    async def sweep(self):  # type: ignore[no-untyped-def] # noqa: ANN201 - a generator of steps
        while True:
            self.lanes.begin_sweep()
            while self.lanes.room_for(PAGE):
                behind, known = self.lanes.needs_sweep, set(self.lanes.known_ids)
                yield
                page = [each for key, each in sorted(self.unsent.items()) if behind and key not in known]
                yield
                self.in_hand += self.lanes.resume([(each, True) for each in page[:PAGE]])
                if len(page) < PAGE:
                    self.lanes.end_sweep()
                    break
                yield
            yield

    async def refuse(self) -> None:
        self.refused ^= {self.chance.choice(AGGREGATES)}

    async def settle(self) -> None:
        """No new commits, no refusals: everything goes out."""
        self.refused.clear()
        while self.committing:
            await self.commit()
        for _ in range(400):
            for step in (self.offer, self.send, self.mark, self.look):
                await step()


@pytest.mark.parametrize("start", range(0, 400, 100))
async def test_whatever_comes_between_each_aggregate_is_said_in_its_order_and_all_of_it(start: int) -> None:
    for seed in range(start, start + 100):
        desk = Desk(seed)
        steps = [desk.begin, desk.commit, desk.offer, desk.send, desk.mark, desk.look, desk.refuse]
        for step in desk.chance.choices(steps, (6, 6, 6, 5, 2, 6, 1), k=400):
            await step()
        await desk.settle()

        for lane in AGGREGATES:
            order = list(dict.fromkeys(identifier for each, identifier in desk.said if each == lane))
            assert all(one < other for one, other in pairwise(order)), (seed, lane, order)
        assert not desk.unsent, seed
