"""The announced lists, anchored outside the register's database (L5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.anchoring import Link, Recorder
from messages.registry import ListRecordHeadsPublished
from messages.values import Level

from registry.domain.chain import seal
from registry.domain.lists import AnnualList, announcement_of
from registry.handlers.ports import Store
from registry.handlers.verifying import lines_digest

CHANGED = "was changed after its announcement"
LEVELS = tuple(sorted(Level))


@dataclass(frozen=True)
class AnnouncedLists:
    """The announced lists of each level in the order of their numbers, each with all its lines."""

    name: str = "announced-lists"
    page: int = 1
    """A list has some thousands of lines."""

    async def links(self, store: Store, after: str, /) -> Sequence[Link]:
        name, _, number = after.partition(":")
        for level in (each for each in LEVELS if each.value >= name):
            behind = int(number) if level.value == name else 0
            where = {"level": level, "announcement.number": {"$gt": behind}}
            if found := await store.lists.find(where, sort=(("announcement.number", 1),), limit=self.page):
                return [await _link(each, store) for each in found]
        return []

    async def heads(self, store: Store, chains: Sequence[str], /) -> Mapping[str, str]:
        found = await store.chain_heads.find({"_id": {"$in": [*chains]}})
        return {each.level.value: each.last_digest for each in found}


async def _link(one: AnnualList, store: Store) -> Link:
    announcement = announcement_of(one)
    is_whole = await lines_digest(one, lambda: store) == one.lines_digest
    fault = None if is_whole and seal(one, announcement) == announcement.digest else CHANGED
    key = f"{one.level.value}:{announcement.number:06d}"
    number, previous = announcement.number, announcement.previous_digest
    return Link(key, one.level.value, number, previous, announcement.digest, fault)


RECORDER = Recorder("registry", (AnnouncedLists(),), ListRecordHeadsPublished)
