"""The instruments around a service's handlers prefetch what the handlers prefetch."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from chassis.inbox import subscribe
from chassis.persistence import UnitOfWork
from chassis.persistence.unit_of_work import IdentityMap, Key
from devkit.in_memory_store import InMemoryStore
from devkit.sample import Store
from messages.event import Event
from messages.review import CaseOpened

from tests.architecture.sources import ROOT
from tests.support.fault_injection import EFFECTS, with_effect_counter

SAMPLES = ROOT / "contracts" / "messages" / "samples"


async def touch(_opened: CaseOpened, _store: Store, _now: datetime) -> list[Event]:
    return []


async def find_related(opened: CaseOpened, store: Store) -> Iterable[Key]:
    assert await store.notices.get(opened.case_id) is None
    return [("notices", "found in what was loaded")]


async def test_counted_handler_prefetches_the_keys_of_its_handler() -> None:
    sample = json.loads((SAMPLES / f"{CaseOpened.type}.json").read_text(encoding="utf-8"))
    event = CaseOpened.model_validate(sample["body"])
    own = subscribe(
        CaseOpened, touch, prefetch=lambda opened: [("notices", opened.case_id)], prefetch_related=find_related
    )
    related_keys = with_effect_counter(own).related_keys(event, Store)

    assert related_keys is not None
    assert await related_keys(UnitOfWork(IdentityMap(InMemoryStore(), {}))) == [("notices", "found in what was loaded")]
    keys = list(with_effect_counter(own).prefetch(event))
    assert [key for key in keys if key[0] != EFFECTS] == own.prefetch(event)
    assert [key for key in keys if key[0] == EFFECTS]


def test_counted_handler_without_related_keys_prefetches_none() -> None:
    assert with_effect_counter(subscribe(CaseOpened, touch)).prefetch_related is None
