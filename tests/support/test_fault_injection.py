"""The instruments around a service's handlers leave its own road as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from chassis.inbox.subscriptions import subscribe
from chassis.persistence.unit_of_work import IdentityMap, Key, UnitOfWork
from devkit.in_memory_store import InMemoryStore
from devkit.sample import Store
from messages.event import Event
from messages.review import CaseOpened

from tests.architecture.sources import ROOT
from tests.support.fault_injection import EFFECTS, with_effect_counter

SAMPLES = ROOT / "contracts" / "messages" / "samples"


async def touch(_opened: CaseOpened, _store: Store, _now: datetime) -> list[Event]:
    return []


async def wanted(opened: CaseOpened, store: Store) -> Iterable[Key]:
    assert await store.notices.get(opened.case_id) is None
    return [("notices", "found in what was loaded")]


async def test_a_counted_handler_loads_ahead_what_the_handler_itself_does() -> None:
    sample = json.loads((SAMPLES / f"{CaseOpened.type}.json").read_text(encoding="utf-8"))
    event = CaseOpened.model_validate(sample["body"])
    own = subscribe(CaseOpened, touch, Store, reads=lambda opened: [("notices", opened.case_id)], then=wanted)
    look = with_effect_counter(own).related_keys(event)

    assert look is not None
    assert await look(UnitOfWork(IdentityMap(InMemoryStore(), {}))) == [("notices", "found in what was loaded")]
    ahead = with_effect_counter(own).keys(event)
    assert [key for key in ahead if key[0] != EFFECTS] == own.keys(event)
    assert [key for key in ahead if key[0] == EFFECTS]


def test_a_counted_handler_looks_no_further_where_the_handler_itself_does_not() -> None:
    assert with_effect_counter(subscribe(CaseOpened, touch, Store)).then is None
