"""Walks all records of a service in bounded steps: verifies each chain, and anchors the heads that are new.

A step reads one snapshot. It compares every entry with its own seal and the one before, every chain with the end that
its owner names, and every anchored head with the entry that it binds: a value that was changed, a chain written again
with its head, and entries cut off at the end are each a fault. What is rewritten together with its anchors does not
lead to the digest that another service keeps (``comparing``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from messages.event import Event

from chassis.anchoring.chains import Chains, Link, fault_of
from chassis.anchoring.state import (
    Anchor,
    AnchoredHead,
    AnchoredStore,
    Anchoring,
    RecordFault,
    Report,
    Verification,
    anchor_digest,
    anchor_key,
)
from chassis.scheduling import Job

PAGES_PER_STEP = 4
ANCHORS_PER_STEP = 10
MISSING = "was anchored and is no longer there"
OTHER = "is not what was anchored"
END = "is not where its owner says the record ends"


@dataclass(frozen=True)
class Step:
    """Go on with a walk."""

    started_at: datetime
    number: int

    @property
    def key(self) -> str:
        return f"{self.started_at.isoformat()}:{self.number}"


@dataclass(frozen=True)
class Recorder:
    """The verification of one service; ``published`` is the class of its event."""

    service: str
    chains: Sequence[Chains]
    published: type[Any]

    def job(self) -> Job[Any]:
        return Job("verify-records", self.due, lambda step: step.key, self.take, prefetch=self._documents)

    async def due(self, store: AnchoredStore, now: datetime) -> Sequence[Step]:
        state = await store.anchoring.get(self.service) or Anchoring()
        walk = state.next_walk(now)
        return [] if walk is None else [Step(walk.started_at, state.steps)]

    async def take(self, step: Step, store: AnchoredStore, now: datetime) -> list[Event]:
        """Take one step: read some pages, note what is wrong, and bind the heads that are new in one more anchor."""
        state = await store.anchoring.get(self.service) or Anchoring()
        walk = state.next_walk(now)
        if walk is None or state.steps != step.number:
            return []
        if walk.part < len(self.chains):
            walk, heads = await _walk(self.chains[walk.part], walk, store)
        else:
            walk, heads = await _walk_anchors(state, walk, store), []
        before = state.digest
        state = replace(_bind(state, heads, store, now), steps=state.steps + 1, walk=walk)
        is_over = walk.part > len(self.chains)
        if is_over:
            report = Report(walk.started_at, now, walk.entries, walk.count, walk.faults)
            state = replace(state, walk=None, report=report)
        store.anchoring.save(self.service, state)
        return [self._event(state, before, len(heads), now)] if heads or is_over else []

    def _event(self, state: Anchoring, before: str, heads: int, now: datetime) -> Event:
        event: Event = self.published(
            service=self.service,
            number=state.number,
            previous_digest=before,
            digest=state.digest,
            heads=heads,
            entries=state.report.entries if state.report else 0,
            faults=state.faults,
            at=now,
        )
        return event

    def _documents(self, _step: Step) -> Sequence[tuple[str, str]]:
        return [("anchoring", self.service)]


def _bind(state: Anchoring, heads: Sequence[tuple[str, str]], store: AnchoredStore, now: datetime) -> Anchoring:
    """Save the heads and the anchor that binds them to all before; without heads nothing is bound."""
    if not heads:
        return state
    number = state.number + 1
    rows = [AnchoredHead(key, number, digest) for key, digest in heads]
    anchor = Anchor(number, state.digest, len(rows), anchor_digest(number, state.digest, rows), now)
    for row in rows:
        store.anchored_heads.save(row.key, row)
    store.anchors.save(anchor.key, anchor)
    return replace(state, number=number, digest=anchor.digest)


async def _walk(chains: Chains, walk: Verification, store: AnchoredStore) -> tuple[Verification, list[tuple[str, str]]]:
    """Read some pages of a collection; return the walk after them, and the heads that no anchor binds yet."""
    heads: list[tuple[str, str]] = []
    for _ in range(PAGES_PER_STEP):
        links = await chains.links(store, walk.after)
        is_end = len(links) < chains.page
        anchored = await _anchored(chains.name, walk.after, "" if is_end else links[-1].key, store)
        faults = list[tuple[str, str | None]]()
        ends = list[tuple[Link, bool]]()
        last, last_anchored = walk.last, walk.last_anchored
        for link in links:
            if last is not None and last.chain != link.chain:
                ends.append((last, last_anchored))
            faults.append((link.key, fault_of(link, last)))
            last, last_anchored = link, link.key in anchored
        if is_end and last is not None:
            ends.append((last, last_anchored))
        present = {link.key: link.digest for link in links}
        faults += [(key, _anchor_fault(digest, present.get(key))) for key, digest in anchored.items()]
        faults += await _end_faults(chains, [end for end, _ in ends], store)
        heads += [(f"{chains.name}/{end.key}", end.digest) for end, is_bound in ends if not is_bound]
        found = [RecordFault(chains.name, key, text) for key, text in faults if text is not None]
        walk = replace(walk.with_faults(found), entries=walk.entries + len(links))
        if is_end:
            return walk.in_next_part(), heads
        walk = replace(walk, after=links[-1].key, last=last, last_anchored=last_anchored)
    return walk, heads


def _anchor_fault(anchored: str, present: str | None) -> str | None:
    if present is None:
        return MISSING
    return OTHER if present != anchored else None


async def _end_faults(chains: Chains, ends: Sequence[Link], store: AnchoredStore) -> list[tuple[str, str | None]]:
    named = await chains.heads(store, [each.chain for each in ends]) if ends else None
    return [] if named is None else [(each.key, END) for each in ends if named.get(each.chain) != each.digest]


async def _anchored(name: str, after: str, until: str, store: AnchoredStore) -> dict[str, str]:
    """Return key → digest of the anchored heads behind one key, as far as another or to the end of the collection."""
    end = {"$lte": f"{name}/{until}"} if until else {"$lt": f"{name}0"}  # "0" follows "/"
    found = await store.anchored_heads.find({"_id": {"$gt": f"{name}/{after}", **end}})
    return {each.key.removeprefix(f"{name}/"): each.digest for each in found}


async def _walk_anchors(state: Anchoring, walk: Verification, store: AnchoredStore) -> Verification:
    """Verify some anchors: each binds its heads and the anchor before, and the last one is the state's."""
    found = await store.anchors.find({"_id": {"$gt": walk.after}}, limit=ANCHORS_PER_STEP)
    faults, last = list[RecordFault](), walk.last
    for each in found:
        rows = await store.anchored_heads.find({"anchor": each.number})
        is_bound = each.digest == anchor_digest(each.number, each.previous, rows)
        fault = None if is_bound else "does not bind the heads that it bound"
        link = Link(anchor_key(each.number), "anchors", each.number, each.previous, each.digest, fault)
        if (text := fault_of(link, last)) is not None:
            faults.append(RecordFault("anchors", link.key, text))
        last = link
    if len(found) == ANCHORS_PER_STEP and last is not None:
        return replace(walk.with_faults(faults), after=last.key, last=last)
    number, digest = (0, Anchoring().digest) if last is None else (last.number, last.digest)
    if (number, digest) != (state.number, state.digest):
        faults.append(RecordFault("anchors", anchor_key(state.number), END))
    return walk.with_faults(faults).in_next_part()
