"""Keeps the last anchor of every other service, and compares the next one with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from messages.event import Event
from messages.records import RecordHeads

from chassis.handling import Collection


@dataclass(frozen=True)
class ReceivedAnchor:
    """The last anchor of a service that goes on from the one before, and what came that does not."""

    service: str
    number: int
    digest: str
    at: datetime
    owner_faults: int = 0
    """Faults that the service itself found."""
    fault: str | None = None
    """Why an event does not go on from what is kept; stays until an operator accepts what came."""
    fault_at: datetime | None = None
    seen_number: int = 0
    seen_digest: str = ""
    accepted: tuple[str, ...] = ()
    """Who accepted what, and why; the last ones."""


class Store(Protocol):
    @property
    def received_anchors(self) -> Collection[ReceivedAnchor]: ...


async def compare_anchor(event: RecordHeads, store: Store, _now: datetime) -> list[Event]:
    """Keep what the event says, or the fault: one row for each service, however many records it has."""
    kept = await store.received_anchors.get(event.service)
    after = _first(event) if kept is None else _after(kept, event)
    if after != kept:
        store.received_anchors.save(event.service, after)
    return []


def keys_of_anchor(event: RecordHeads) -> list[tuple[str, str]]:
    return [("received_anchors", event.service)]


def _first(event: RecordHeads) -> ReceivedAnchor:
    return ReceivedAnchor(
        event.service,
        event.number,
        event.digest,
        event.at,
        event.faults,
        seen_number=event.number,
        seen_digest=event.digest,
    )


def _after(kept: ReceivedAnchor, event: RecordHeads) -> ReceivedAnchor:
    if event.at < kept.at:
        return kept  # delivered once more, or late
    seen = replace(kept, owner_faults=event.faults, seen_number=event.number, seen_digest=event.digest)
    fault = fault_of_anchor(kept, event)
    if fault is None:
        return replace(seen, number=event.number, digest=event.digest, at=event.at)
    return seen if kept.fault is not None else replace(seen, fault=fault, fault_at=event.at)


def fault_of_anchor(kept: ReceivedAnchor, event: RecordHeads) -> str | None:
    """Return how an event contradicts what is kept; None when it goes on from it."""
    if event.number < kept.number:
        return f"{event.number} anchors, and {kept.number} were published before"
    if event.number == kept.number:
        return None if event.digest == kept.digest else f"anchor {kept.number} is not the one that was published"
    if event.number > kept.number + 1:
        return f"anchor {event.number} follows anchor {kept.number}: what is between was never published here"
    return None if event.previous_digest == kept.digest else f"anchor {kept.number} was written again"
