"""Anchors: bounded steps, one size of event however many heads, and what the receiver says of each contradiction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chassis.anchoring import AGGREGATE, ANCHOR_INDEXES, GENESIS, AnchoredStore, Link, ReceivedAnchor, Recorder
from chassis.anchoring.comparing import compare_anchor
from chassis.anchoring.verification import PAGES_PER_STEP
from chassis.persistence import DocumentCollection, UnitOfWork
from devkit import HandlerHarness
from messages.review import CaseRecordHeadsPublished

NOW = datetime(2027, 1, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def digest(number: int) -> str:
    return f"{number:064x}"


@dataclass
class Counted:
    """So many chains of one entry, read in pages; counts what is read."""

    count: int
    page: int = 100
    name: str = "counted"
    reads: list[int] = field(default_factory=list)

    async def links(self, _store: AnchoredStore, after: str, /) -> Sequence[Link]:
        first = int(after) + 1 if after else 1
        found = range(first, min(first + self.page, self.count + 1))
        self.reads.append(len(found))
        return [Link(f"{each:06d}", str(each), 1, GENESIS, digest(each)) for each in found]

    async def heads(self, _store: AnchoredStore, _chains: Sequence[str], /) -> Mapping[str, str] | None:
        return None


def harness() -> HandlerHarness[AnchoredStore]:
    return HandlerHarness(AnchoredStore, AGGREGATE, ANCHOR_INDEXES)


async def verify(
    handlers: HandlerHarness[AnchoredStore], recorder: Recorder, now: datetime
) -> list[CaseRecordHeadsPublished]:
    """Verify everything once; return what was published."""
    published: list[Any] = []
    while steps := await recorder.due(handlers.store(), now):
        published += await handlers.handle(recorder.take, steps[0], now)
    return published


@pytest.mark.rule("V14")
async def test_a_step_reads_so_many_pages_and_the_event_has_one_size_however_many_heads_there_are() -> None:
    sizes, steps = [], []
    for count in (1000, 4000):
        chains, handlers = Counted(count), harness()
        recorder = Recorder("review", (chains,), CaseRecordHeadsPublished)

        published = await verify(handlers, recorder, NOW)

        state = await handlers.store().anchoring.require("review")
        assert state.report is not None
        assert (state.report.entries, state.faults) == (count, 0)
        assert sum(each.heads for each in published) == count
        assert max(each.heads for each in published) <= PAGES_PER_STEP * chains.page
        assert sum(chains.reads) == count
        sizes.append(max(len(each.model_dump_json()) for each in published))
        steps.append(state.steps - state.number // 10)
    assert sizes[1] <= sizes[0] + 8
    assert steps[1] <= 4 * steps[0]


@pytest.mark.rule("V14")
async def test_a_second_verification_anchors_what_is_new_and_rests_before() -> None:
    chains, handlers = Counted(150), harness()
    recorder = Recorder("review", (chains,), CaseRecordHeadsPublished)
    (first, *_) = await verify(handlers, recorder, NOW)
    assert await recorder.due(handlers.store(), NOW + timedelta(minutes=9)) == []

    chains.count = 152
    second = await verify(handlers, recorder, NOW + HOUR)
    third = await verify(handlers, recorder, NOW + 2 * HOUR)

    assert (first.number, first.previous_digest, first.heads) == (1, GENESIS, 150)
    assert [(each.number, each.heads) for each in second] == [(2, 2), (2, 0)]
    assert second[0].previous_digest == first.digest
    assert [(each.number, each.digest, each.heads) for each in third] == [(2, second[0].digest, 0)]


class Receiver:
    def __init__(self, unit: UnitOfWork) -> None:
        self.received_anchors = DocumentCollection(unit, "received_anchors", ReceivedAnchor)


def heads(number: int, *, hour: int | None = None, **changes: Any) -> CaseRecordHeadsPublished:  # noqa: ANN401 - fields by name
    fields: dict[str, Any] = {
        "service": "review",
        "number": number,
        "previous_digest": digest(number - 1),
        "digest": digest(number),
        "heads": 1,
        "entries": 10,
        "faults": 0,
        "at": NOW + HOUR * (number if hour is None else hour),
    }
    return CaseRecordHeadsPublished(**fields | changes)


@pytest.mark.rule("V14")
@pytest.mark.parametrize(
    ("next_heads", "fault"),
    [
        (heads(6), None),
        (heads(5, hour=9), None),
        (heads(6, previous_digest=digest(99)), "anchor 5 was written again"),
        (heads(5, hour=9, digest=digest(99)), "anchor 5 is not the one that was published"),
        (heads(4, hour=9), "4 anchors, and 5 were published before"),
        (heads(8), "anchor 8 follows anchor 5: what is between was never published here"),
    ],
)
async def test_the_receiver_says_how_an_event_contradicts_what_it_keeps(
    next_heads: CaseRecordHeadsPublished, fault: str | None
) -> None:
    handlers = HandlerHarness(Receiver, {})
    await handlers.handle(compare_anchor, heads(5), NOW)

    for _ in range(2):
        await handlers.handle(compare_anchor, next_heads, NOW)

    kept = await handlers.store().received_anchors.require("review")
    assert kept.fault == fault
    assert kept.number == (next_heads.number if fault is None else 5)
    assert kept.seen_digest == next_heads.digest


@pytest.mark.rule("V14")
async def test_an_old_event_delivered_late_changes_nothing_and_a_fault_stays() -> None:
    handlers = HandlerHarness(Receiver, {})
    await handlers.handle(compare_anchor, heads(5), NOW)
    before = await handlers.store().received_anchors.require("review")

    await handlers.handle(compare_anchor, heads(3), NOW)
    assert await handlers.store().received_anchors.require("review") == before

    await handlers.handle(compare_anchor, heads(6, previous_digest=digest(99)), NOW)
    await handlers.handle(compare_anchor, heads(6, hour=7), NOW)
    kept = await handlers.store().received_anchors.require("review")
    assert (kept.fault, kept.number) == ("anchor 5 was written again", 6)
