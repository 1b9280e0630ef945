"""The service as main.py wires it, on the real broker and database, with the events of other services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from applications.bus import SUBSCRIPTIONS
from applications.main import service
from applications.settings import Settings
from chassis.broker.publisher import BrokerPublisher
from chassis.broker.topology import definitions
from chassis.clock import SystemClock, set_simulated
from chassis.outbox.entries import Causation, entry
from chassis.persistence.mongo import open_database
from chassis.runtime.process import Process
from chassis.security import add_key
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.api_harness import ApiClient
from devkit.private_servers import PrivateServers, ServiceDatabase
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from messages.applications import (
    ApplicationAccepted,
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    EligibilityLost,
)
from messages.assessor_quota import QuotaItemReserved
from messages.event import Event
from messages.values import Role

from . import builders_forms as forms
from .builders import ASSESSOR, NOW, PERSON, STEEL, assessor_registered

pytestmark = pytest.mark.connected

PATIENCE = 20.0
PUBLISHED = [ApplicationAccepted, ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn, EligibilityLost]
NEIGHBOURS = ("assessor-quota", "registry", "review")


@dataclass
class RunningService:
    process: Process
    quota: BrokerPublisher
    applicant: ApiClient
    officer: ApiClient

    async def publish(self, event: Event, times: int = 1) -> None:
        for _ in range(times):
            events = entry(event.model_copy(update={"sequence": event.sequence or 1}), Causation("test"), NOW)
            assert await self.quota.send([events]) == [None]

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await holds():  # noqa: ASYNC110 - another process's database has no event to wait for
                await asyncio.sleep(0.05)

    async def published_types(self) -> list[str]:
        """Return the types of the events that the broker has confirmed."""
        entries = await self.process.database.find("outbox", {"sent": True})
        return sorted(each["headers"]["ce-type"] for document in entries for each in document["events"])

    async def state(self, key: str) -> str:
        return str((await self.applicant.get(f"/v1/applications/{key}")).json()["state"])


@pytest.fixture
async def running(servers: PrivateServers, tmp_path: Path) -> AsyncIterator[RunningService]:
    topology = {"applications": SUBSCRIPTIONS, "notify": PUBLISHED}
    vhost = await servers.vhost(definitions({**topology, **{name: [] for name in NEIGHBOURS}}))
    mine = await servers.database("applications")
    set_simulated(tmp_path / "clock.json", NOW)
    add_key(tmp_path / "person.toml", "k1")
    issuer = DevelopmentIssuer(tmp_path / "keys", Mode.LOCAL)
    settings = Settings(
        mongo_url=mine.url,
        database=mine.name,
        amqp_url=servers.amqp_url(vhost, "applications"),
        jwks_file=issuer.jwks_file,
        clock_file=tmp_path / "clock.json",
        person_key_file=tmp_path / "person.toml",
    )
    await leave_upload(mine)
    quota = BrokerPublisher(servers.amqp_url(vhost, "assessor-quota"))
    async with (
        Process(service(settings)) as process,
        AsyncClient(transport=ASGITransport(served_by(process)), base_url="http://green.invalid") as client,
    ):
        unit = ApiClient(client, issuer.mint(role=Role.APPLICANT, organisation=STEEL.uscc))
        officer = ApiClient(client, issuer.mint(role=Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture))
        yield RunningService(process, quota, unit, officer)
        await quota.close()


async def leave_upload(created: ServiceDatabase) -> None:
    """Leave the piece of an upload whose process died yesterday."""
    database = open_database(created.url, created.name)
    begun = {"begun_at": SystemClock().now() - timedelta(days=1), "abandoned": False}
    await database.insert("uploads", {"_id": "left", "_version": 1, "_sequence": 0, **begun})
    await database.insert_all("fs.chunks", [{"_id": "left:0", "files_id": "left", "n": 0, "data": b"x"}])
    await database.close()


@pytest.mark.rule("A3")
async def test_what_an_earlier_process_has_left_of_an_upload_is_swept(running: RunningService) -> None:
    async def nothing_left() -> bool:
        counts = [await running.process.database.count(name, {}) for name in ("uploads", "fs.chunks")]
        return counts == [0, 0]

    await running.until(nothing_left)


async def submit_by_assessor(running: RunningService) -> str:
    """A complete application by an assessor, submitted."""
    listed = {"document_number": "1号", "published_on": "2026-01-20", "units": [STEEL.model_dump(mode="json")]}
    await running.officer.post("/v1/prefecture-lists", json=listed)
    file = await running.applicant.post("/v1/files", files={"file": ("执照.pdf", b"%PDF-1.7\n%%EOF\n")})
    evidence = [{"name": "执照.pdf", "sha256": file.json()["sha256"]}]
    by = {"way": "assessor", "assessor_name": ASSESSOR.name, "assessor_uscc": ASSESSOR.uscc}
    people = {"lead_author": "S1", "reviewer": "S2"}
    report = forms.as_json(forms.report_of(evidence=evidence) | by | people)
    unit = STEEL.model_dump(mode="json")
    body = {"unit": unit, "batch_year": 2026, "evaluation": {"way": "self"}, "report": report}
    draft = await running.applicant.post("/v1/applications", json=body)
    key = str(draft.json()["application_id"])
    answer = await running.applicant.post(f"/v1/applications/{key}/submit")
    assert answer.status_code == 202, answer.text
    return key


@pytest.mark.rule("E12")
async def test_an_item_that_is_heard_twice_accepts_the_application_once(running: RunningService) -> None:
    await running.publish(assessor_registered())
    await running.until(lambda: _is_assessor_known(running))
    key = await submit_by_assessor(running)
    item = QuotaItemReserved(
        application_id=key, assessor=ASSESSOR, year=2026, submission=1, representative=PERSON, used=1, limit=15
    )

    await running.publish(item, times=2)

    await running.until(lambda: _is_in_state(running, key, "accepted"))
    expected = ["applications.application.accepted.v1", "applications.application.submitted.v1"]
    await running.until(lambda: _has_published(running, expected))
    ready = await running.process.health.ready()
    assert ready.ok, ready


async def _is_assessor_known(running: RunningService) -> bool:
    return bool(await running.process.database.find("assessors", {}))


async def _is_in_state(running: RunningService, key: str, state: str) -> bool:
    return await running.state(key) == state


async def _has_published(running: RunningService, expected: list[str]) -> bool:
    return await running.published_types() == expected


def served_by(process: Process) -> FastAPI:
    assert process.app is not None
    return process.app
