"""The service as main.py wires it, on the real broker and database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from chassis.broker.publisher import BrokerPublisher
from chassis.broker.topology import definitions
from chassis.clock import set_simulated
from chassis.outbox.entries import Causation, entry
from chassis.persistence.unit_of_work import read_only_unit
from chassis.runtime.process import Process
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode, Settings
from devkit.api_harness import ApiClient
from devkit.private_servers import PrivateServers
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from messages import review as said_by_review
from messages.event import Event
from messages.review import Stage
from messages.values import Prefecture, Role
from review.bus import SUBSCRIPTIONS
from review.main import service
from review.store import Store

from .builders import DEPARTMENTS, OPENED, accepted, at, removed, unit

pytestmark = pytest.mark.connected

PATIENCE = 20.0
SAYS = [each for each in vars(said_by_review).values() if isinstance(each, type) and issubclass(each, Event)]
PLACE = Prefecture.BAOTOU


@dataclass
class Running:
    """The service with its neighbours' voices."""

    process: Process
    neighbours: dict[str, BrokerPublisher]
    issuer: DevelopmentIssuer
    client: AsyncClient

    async def deliver(self, event: Event, times: int = 1) -> None:
        for _ in range(times):
            sent = entry(event.model_copy(update={"sequence": event.sequence or 1}), Causation("test"), at(OPENED))
            assert await self.neighbours[event.owner].send([sent]) == [None]

    def as_(self, role: str, organisation: str | None = None) -> ApiClient:
        return ApiClient(self.client, self.issuer.mint(role=role, organisation=organisation, prefecture=PLACE))

    async def state(self, case_id: str) -> Stage | None:
        case = await Store(read_only_unit(self.process.database)).cases.get(case_id)
        return case.state if case else None

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await holds():  # noqa: ASYNC110 - another process's database has no event to wait for
                await asyncio.sleep(0.05)

    async def all_sent(self) -> bool:
        return await self.process.database.find("outbox", {"sent": False}) == []


@pytest.fixture
async def running(servers: PrivateServers, tmp_path: Path) -> AsyncIterator[Running]:
    heard = {
        "review": [each.event_type for each in SUBSCRIPTIONS],
        "notify": [each for each in SAYS if each is not Event],
    }
    vhost = await servers.vhost(definitions({**heard, "applications": [], "registry": []}))
    mine = await servers.database("review")
    set_simulated(tmp_path / "clock.json", at(OPENED))
    issuer = DevelopmentIssuer(tmp_path / "keys", Mode.LOCAL)
    settings = Settings(
        mongo_url=mine.url,
        database=mine.name,
        amqp_url=servers.amqp_url(vhost, "review"),
        jwks_file=issuer.jwks_file,
        clock_file=tmp_path / "clock.json",
    )
    voices = {name: BrokerPublisher(servers.amqp_url(vhost, name)) for name in ("applications", "registry")}
    async with (
        Process(service(settings)) as process,
        AsyncClient(transport=ASGITransport(served_by(process)), base_url="http://green.invalid") as client,
    ):
        yield Running(process, voices, issuer, client)
        for each in voices.values():
            await each.close()


async def test_an_application_heard_twice_becomes_one_case_that_its_departments_can_answer(running: Running) -> None:
    await running.deliver(accepted(), times=2)
    await running.until(lambda: _is(running, "app-1", Stage.CONSULTING))

    for each in DEPARTMENTS:
        department = running.as_(Role.CONSULTED_DEPARTMENT, each)
        answer = await department.post("/v1/cases/app-1/opinions", json={"department": each, "opinion": "agree"})
        assert answer.status_code == 200, answer.text
    record = await running.as_(Role.PREFECTURE_OFFICER).get("/v1/cases/app-1/record")

    assert [each["action"] for each in record.json()["entries"]].count("opened") == 1
    assert len(record.json()["entries"]) == 4
    await running.until(running.all_sent)


@pytest.mark.rule("B2")
async def test_a_removal_heard_before_the_application_stops_it(running: Running) -> None:
    await running.deliver(removed(unit()))
    await running.until(lambda: _standing_known(running))

    await running.deliver(accepted())

    await running.until(lambda: _is(running, "app-1", Stage.CLOSED))
    await running.until(running.all_sent)


@pytest.mark.rule("V2")
async def test_the_jobs_remind_when_the_clock_moves_on(running: Running, tmp_path: Path) -> None:
    await running.deliver(accepted())
    await running.until(lambda: _is(running, "app-1", Stage.CONSULTING))

    set_simulated(tmp_path / "clock.json", at(OPENED.replace(month=5, day=20)))
    await running.until(lambda: _reminded(running))
    set_simulated(tmp_path / "clock.json", at(OPENED.replace(month=5, day=26)))
    await running.until(lambda: _overdue(running))

    case = await Store(read_only_unit(running.process.database)).cases.require("app-1")
    assert case.consultation.reminded_on == OPENED.replace(month=5, day=20)
    await running.until(running.all_sent)


async def _is(running: Running, case_id: str, state: Stage) -> bool:
    return await running.state(case_id) is state


async def _standing_known(running: Running) -> bool:
    return bool(await Store(read_only_unit(running.process.database)).unit_statuses.find())


async def _reminded(running: Running) -> bool:
    case = await Store(read_only_unit(running.process.database)).cases.require("app-1")
    return case.consultation.reminded_on is not None


async def _overdue(running: Running) -> bool:
    case = await Store(read_only_unit(running.process.database)).cases.require("app-1")
    return not case.consultation.unanswered


def served_by(process: Process) -> FastAPI:
    assert process.app is not None
    return process.app
