"""Three tamperings of every chain of records on the real database: each is found by the next verification (V14, L5)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from chassis.anchoring import Anchoring, ReceivedAnchor, Recorder, compare_anchor
from chassis.anchoring.verification import Step
from chassis.handling import Document
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.event import Event
from notify.store import AGGREGATES, INDEXES, Store
from registry.domain.chain import announce, digest_lines
from registry.domain.lists import announcement_of
from review.domain.record import seal

from deploy.services import SERVICES, Service

pytestmark = pytest.mark.connected

BEGUN = datetime(2027, 1, 5, 1, tzinfo=UTC)
PERIOD = timedelta(hours=1)
"""Longer than a verification rests at most."""
of_review: Any = import_module("services.review.tests.builders")
of_registry: Any = import_module("services.registry.tests.builders")
of_applications: Any = import_module("services.applications.tests.builders_events")
records_of_applications: Any = import_module("applications.handlers.records")


async def review_documents() -> Any:  # noqa: ANN401 - the store of a harness
    """Three cases ranked and shown, an objection to one."""
    handlers = import_module("services.review.tests.harness").ReviewHarness()
    await handlers.register()
    cases = [
        await handlers.score(of_review.accepted(f"app-{number}", unit))
        for number, unit in enumerate(of_review.organisations(3))
    ]
    await handlers.visit()
    await handlers.rank()
    await handlers.object(await handlers.publish(), cases[0])
    return handlers.memory.collections


async def registry_documents() -> Any:  # noqa: ANN401
    """Three announced lists."""
    handlers = import_module("services.registry.tests.harness").RegistryHandlers()
    for year, uscc in enumerate((of_registry.STEEL, of_registry.DAIRY, of_registry.SOLAR), start=2026):
        await handlers.clear(of_registry.case_cleared(f"app-{year}", of_registry.unit(uscc), year=year))
        days = {name: getattr(of_registry, name).replace(year=year) for name in ("CLOSING", "ANNOUNCING")}
        await handlers.close(year, days["CLOSING"])
        await handlers.announce(year, days["ANNOUNCING"], f"{year}年1号")
    return handlers.memory.collections


async def applications_documents() -> Any:  # noqa: ANN401
    """A submitted version, a prefecture's list and a fact."""
    harness = await import_module("services.applications.tests.harness").ApplicationsHarness().prepare()
    await harness.submit(await harness.draft())
    now = import_module("services.applications.tests.builders").NOW
    await harness.perform(records_of_applications.record_fact, of_applications.abnormal_operations(), now)
    await harness.perform(records_of_applications.record_prefecture_list, of_applications.prefecture_list(), now)
    return harness.memory.collections


async def quota_documents() -> Any:  # noqa: ANN401
    """Three registered assessors."""
    return (await import_module("services.assessor-quota.tests.harness").handler_harness()).memory.collections


DOCUMENTS: dict[str, Callable[[], Awaitable[Any]]] = {
    "review": review_documents,
    "registry": registry_documents,
    "applications": applications_documents,
    "assessor-quota": quota_documents,
}


@dataclass
class Owner:
    """A service with records on a database of its own, and the service that keeps its anchors on another."""

    recorder: Recorder
    own: CommitterCluster[Any]
    receiver: CommitterCluster[Store]
    clock: FixedClock

    async def verify(self) -> Anchoring:
        """Let a period pass and verify everything; what is published arrives at the other service."""
        self.clock.advance(PERIOD)
        while steps := await self.recorder.due(self.own.read(), self.clock.now()):
            for event in await self._take(steps[0]):
                await self.receiver.perform(0, compare_anchor, event)
        found: Anchoring = await self.own.read().anchoring.require(self.recorder.service)
        return found

    async def _take(self, step: Step) -> Sequence[Any]:
        """Take a step; return its events."""
        said: list[Any] = []

        async def take(given: Step, store: Any, now: datetime) -> list[Event]:  # noqa: ANN401 - the service's own store
            said[:] = await self.recorder.take(given, store, now)
            return said

        await self.own.perform(0, take, step)
        return said

    async def received(self) -> ReceivedAnchor:
        return await self.receiver.read().received_anchors.require(self.recorder.service)

    async def find(self, collection: str, **where: object) -> list[Document]:
        return sorted(await self.own.database.find(collection, where), key=lambda each: str(each["_id"]))

    async def change(self, collection: str, key: str, **fields: object) -> None:
        assert await self.own.database.update(collection, {"_id": key}, {"$set": fields}) == 1

    async def remove(self, collection: str, *keys: str) -> None:
        assert await self.own.database.remove_all(collection, {"_id": {"$in": [*keys]}}) == len(keys)

    @asynccontextmanager
    async def restoring(self, *collections: str) -> AsyncIterator[None]:
        """Put the documents back afterwards, as from a backup."""
        before = {each: await self.own.database.find(each, {}) for each in collections}
        yield
        for each, documents in before.items():
            await self.own.database.remove_all(each, {})
            await self.own.database.insert_all(each, documents)


Tampering = Callable[[Owner], Awaitable[None]]


class Tamperings(NamedTuple):
    """The ways of somebody with the database's password to one chain, and the collections that they touch."""

    collections: tuple[str, ...]
    value: Tampering
    rewritten: Tampering
    """A value, and every seal and head behind it: the chain is whole again."""
    cut: Tampering
    """The last entries, and the head set to what is left."""


def of_documents(collection: str, field: str, value: object) -> Tamperings:
    """Tamper with a collection whose documents are chains of one entry."""

    async def change(owner: Owner) -> None:
        await owner.change(collection, (await owner.find(collection))[0]["_id"], **{field: value})

    async def rewrite(owner: Owner) -> None:
        last = (await owner.find(collection))[-1]
        await owner.remove(collection, last["_id"])
        await owner.own.database.insert(collection, {**last, field: value, "_version": last["_version"] + 1})

    async def cut(owner: Owner) -> None:
        await owner.remove(collection, (await owner.find(collection))[-1]["_id"])

    return Tamperings((collection,), change, rewrite, cut)


async def change_record(owner: Owner) -> None:
    await owner.change("records", "app-1:000003", reason="另有意见")


async def rewrite_record(owner: Owner) -> None:
    store = owner.own.read()
    previous = "0" * 64
    for each in await store.records.find({"case_id": "app-1"}, sort=[("number", 1)]):
        entry = replace(each, reason=f"{each.reason}（改）", previous=previous)
        previous = seal(entry)
        await owner.change("records", entry.key, reason=entry.reason, previous=entry.previous, digest=previous)
    await owner.change("cases", "app-1", **{"head.digest": previous})


async def cut_record(owner: Owner) -> None:
    *kept, last = await owner.own.read().records.find({"case_id": "app-1"}, sort=[("number", 1)])
    await owner.remove("records", kept[-1].key, last.key)
    head = {"entries": kept[-2].number, "digest": kept[-2].digest}
    await owner.change("cases", "app-1", head=head)


async def change_list(owner: Owner) -> None:
    line = (await owner.find("list_lines"))[0]
    await owner.change("list_lines", line["_id"], **{"change.unit.name": "另一家公司"})


async def rewrite_lists(owner: Owner) -> None:
    """Take a unit off the first list, and seal that list and all that follow once more."""
    store = owner.own.read()
    head = replace(await store.chain_heads.require("region"), last_number=0, last_digest="0" * 64)
    for number, each in enumerate(await store.lists.find({}, sort=[("announcement.number", 1)]), start=1):
        if number == 1:
            await owner.own.database.remove_all("list_lines", {"edition": each.edition})
        left = await store.list_lines.find({"edition": each.edition}, sort=[("number", 1)])
        digest = digest_lines(line.change for line in left)
        counts = each.counts if left else dict.fromkeys(each.counts, 0)
        said = announcement_of(each)
        whole = replace(each, counts=counts, lines_digest=digest)
        sealed = announce(whole, head, said.document_number, said.announced_on)
        link = announcement_of(sealed)
        head = replace(head, last_number=link.number, last_digest=link.digest)
        announcement = {"announcement.digest": link.digest, "announcement.previous_digest": link.previous_digest}
        await owner.change("lists", each.list_id, counts=counts, lines_digest=digest, **announcement)
    await owner.change("chain_heads", "region", last_digest=head.last_digest)


async def cut_lists(owner: Owner) -> None:
    *kept, last = await owner.own.read().lists.find({}, sort=[("announcement.number", 1)])
    await owner.remove("lists", last.list_id)
    end = announcement_of(kept[-1])
    await owner.change("chain_heads", "region", last_number=end.number, last_digest=end.digest)


CHAINS: dict[str, dict[str, Tamperings]] = {
    "review": {
        "case-records": Tamperings(("records", "cases"), change_record, rewrite_record, cut_record),
        "objections": of_documents("objections", "facts", "并无异味"),
        "rankings": of_documents("rankings", "digest", "0" * 64),
    },
    "registry": {
        "announced-lists": Tamperings(("lists", "list_lines", "chain_heads"), change_list, rewrite_lists, cut_lists)
    },
    "applications": {
        "versions": of_documents("versions", "by", "somebody-else"),
        "prefecture-lists": of_documents("prefecture_lists", "document_number", "鄂工信发〔2025〕9号"),
        "facts": of_documents("facts", "reference", "听说"),
    },
    "assessor-quota": {"entries": of_documents("entries", "document_number", "通报9号")},
}


def anchoring_of(service: Service) -> ModuleType:
    return import_module(f"{service.package}.anchoring")


@pytest.fixture(params=[each for each in SERVICES if each.name in CHAINS], ids=lambda each: each.name)
async def owner(request: pytest.FixtureRequest, servers: PrivateServers) -> AsyncIterator[Owner]:
    """Return the service with some records, verified and anchored once."""
    service: Service = request.param
    store, clock = import_module(f"{service.package}.store"), FixedClock(BEGUN)
    async with (
        committer_cluster(
            servers,
            service.name,
            store.Store,
            aggregates=store.AGGREGATES,
            indexes=store.INDEXES,
            clock=clock,
            count=1,
        ) as own,
        committer_cluster(
            servers, "notify", Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock, count=1
        ) as receiver,
    ):
        await own.adopt(await DOCUMENTS[service.name]())
        opened = Owner(anchoring_of(service).RECORDER, own, receiver, clock)
        first = await opened.verify()
        assert (first.faults, first.number) == (0, len(opened.recorder.chains)), first
        yield opened


def test_every_chain_that_is_anchored_is_tampered_with() -> None:
    recorded = {each.name: anchoring_of(each).RECORDER for each in SERVICES if each.name in CHAINS}

    assert {name: [each.name for each in recorder.chains] for name, recorder in recorded.items()} == {
        name: list(chains) for name, chains in CHAINS.items()
    }


def test_every_collection_that_is_only_added_to_is_anchored() -> None:
    anchored = {each.name: {name for chain in CHAINS[each.name].values() for name in chain.collections}
                for each in SERVICES if each.name in CHAINS}  # fmt: skip
    own = {"anchors", "anchored_heads"}
    for each in SERVICES:
        declared = set(getattr(import_module(f"{each.package}.store"), "APPEND_ONLY", ()))

        assert declared - own - anchored.get(each.name, set()) == set()


@pytest.mark.rule("V14", "L5")
async def test_what_nobody_touched_is_found_in_order_again_and_again(owner: Owner) -> None:
    first = await owner.verify()
    second = await owner.verify()

    assert first.report is not None
    assert first.report.entries >= 3
    assert (second.faults, second.number, second.digest) == (0, first.number, first.digest)
    kept = await owner.received()
    assert (kept.number, kept.digest, kept.owner_faults, kept.fault) == (first.number, first.digest, 0, None)


@pytest.mark.rule("V14", "L5")
async def test_each_tampering_of_each_chain_is_found_within_one_period_and_no_longer_once_restored(
    owner: Owner,
) -> None:
    unseen = []
    for name, chain in CHAINS[owner.recorder.service].items():
        for kind in ("value", "rewritten", "cut"):
            tamper: Tampering = getattr(chain, kind)
            async with owner.restoring(*chain.collections):
                await tamper(owner)
                found = await owner.verify()
                places = {each.chains for each in found.report.faults} if found.report else set()
                if places != {name} or (await owner.received()).owner_faults == 0:
                    unseen.append((name, kind, found.report))
            restored = await owner.verify()
            assert restored.faults == 0, (name, kind, restored.report)

    assert unseen == []
    assert (await owner.received()).fault is None


@pytest.mark.rule("V14", "L5")
async def test_a_chain_that_is_rewritten_with_its_anchors_contradicts_what_is_kept_elsewhere(owner: Owner) -> None:
    for tamper in (chain.rewritten for chain in CHAINS[owner.recorder.service].values()):
        await tamper(owner)
    for each in ("anchored_heads", "anchors", "anchoring"):
        await owner.own.database.remove_all(each, {})

    after = await owner.verify()

    assert after.faults == 0, "everything here fits together again"
    kept = await owner.received()
    assert kept.fault is not None
    assert (kept.seen_number, kept.seen_digest) == (after.number, after.digest)
    assert kept.digest != after.digest


@pytest.mark.rule("V14", "L5")
async def test_an_anchor_that_is_rewritten_alone_is_found(owner: Owner) -> None:
    head = (await owner.find("anchored_heads"))[0]
    for changed in ({"digest": "f" * 64}, {"anchor": 7}):
        async with owner.restoring("anchored_heads"):
            await owner.change("anchored_heads", head["_id"], **changed)
            assert (await owner.verify()).faults > 0
    async with owner.restoring("anchors"):
        await owner.own.database.remove_all("anchors", {})
        assert (await owner.verify()).faults > 0
