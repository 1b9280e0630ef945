"""Growth of applications: lists of each role, files, facts, prefecture lists, and submissions among many."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from importlib import import_module
from typing import Any

from applications.api import router
from applications.api.applications import VERSIONS
from applications.domain.application import Application, State, Version
from applications.domain.facts import Fact, FactKind, FactSource
from applications.domain.files import SentFile
from applications.domain.organisation_status import OrganisationStatus
from applications.domain.records import PrefectureList
from applications.handlers.quota import record_assessor
from applications.store import AGGREGATES, INDEXES, Store
from chassis.persistence.mongo import Database
from chassis.security.audit import AUDIT_INDEXES
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import Evaluation, Prefecture, Role, UnitRef

from tests.bench.growth import Probe, insert_values

builders: Any = import_module("services.applications.tests.builders")

NOW: datetime = builders.NOW
DRAFTS = 100
"""As many as are taken in at once, whatever the machine."""
LISTED = 500
PREFECTURES = tuple(Prefecture)
STATES = (State.ACCEPTED, State.REFUSED, State.WITHDRAWN, State.DRAFT)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


async def measure(size: int, database: Database, probe: Probe) -> None:
    """Every fourth application is a draft; each unit has one, a file, a fact and a standing."""
    await database.ensure_indexes((*INDEXES, *AUDIT_INDEXES))
    for first in range(0, size, LISTED):
        await insert_page(database, range(first, min(size, first + LISTED)))
    await insert_values(database, "prefecture_lists", lists(size))
    await insert_values(database, "versions", versions())
    async with api_harness(
        "applications",
        router,
        Store,
        aggregates=AGGREGATES,
        clock=FixedClock(NOW),
        database=database,
        state={"keys": None},
    ) as api:
        await api.perform(record_assessor, builders.assessor_registered())
        await measure_lists(api, probe)
        await measure_commands(api, probe, size)


async def insert_page(database: Database, numbers: range) -> None:
    filed = [application(number) for number in numbers]
    await insert_values(database, "applications", {each.application_id: each for each in filed})
    await insert_values(database, "standings", {each.unit.uscc: standing(each) for each in filed})
    await insert_values(database, "files", {each.key: each for each in map(sent_file, filed)})
    await insert_values(database, "facts", {each.fact_id: each for each in map(fact, filed)})


def unit_of(number: int) -> UnitRef:
    numbered: UnitRef = builders.numbered_unit(number)
    return numbered.model_copy(update={"prefecture": PREFECTURES[number % len(PREFECTURES)]})


def application(number: int) -> Application:
    unit, state = unit_of(number), STATES[number % len(STATES)]
    evaluation: Evaluation = builders.BY_ASSESSOR
    draft: Application = builders.application(unit, application_id=f"app-2026-{number:012}", evaluation=evaluation)
    if state is State.DRAFT:
        return draft
    submitted = draft.submit(NOW, builders.TODAY, builders.RULES, builders.scheme_of(unit))
    changed: Application = builders.replace(submitted, state=state)
    return changed


def standing(filed: Application) -> OrganisationStatus:
    made: OrganisationStatus = builders.standing(filed.unit, facts=(f"fact-{filed.application_id}",))
    return made


def sent_file(filed: Application) -> SentFile:
    return SentFile(builders.DIGEST, filed.unit.uscc, "营业执照.pdf", 9, "application/pdf")


def fact(filed: Application) -> Fact:
    key, unit = f"fact-{filed.application_id}", filed.unit
    day = date(2015, 1, 1)
    return Fact(key, unit.uscc, FactKind.TAX_EVASION, day, FactSource.OFFICER, "1号", unit.prefecture, unit.prefecture)


def versions() -> Mapping[str, Version]:
    """Return more versions of the first application than one answer shows."""
    first = application(0)
    return {f"{first.application_id}.{number}": Version(first, number, NOW, "li") for number in range(2 * VERSIONS)}


def lists(size: int) -> Mapping[str, PrefectureList]:
    """Return lists of all units, and some more where the units are few: every page is full."""
    made = (prefecture_list(number) for number in range(max(len(PREFECTURES), size // LISTED)))
    return {each.list_id: each for each in made}


def prefecture_list(number: int) -> PrefectureList:
    units = tuple(unit_of(number * LISTED + each) for each in range(LISTED))
    prefecture = PREFECTURES[number % len(PREFECTURES)]
    return PrefectureList(f"list-{number}", prefecture, f"{number}号", date(2025, 6, 1), units, prefecture)


async def measure_lists(api: ApiHarness[Store], probe: Probe) -> None:
    region = api.client_as(Role.REGIONAL_OFFICER)
    officer = api.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.ORDOS)
    assessor = api.client_as(Role.ASSESSOR, organisation=builders.ASSESSOR.uscc)
    unit = api.client_as(Role.APPLICANT, organisation=unit_of(0).uscc)
    for name, client, path in (
        ("applications, the region", region, "/v1/applications"),
        ("applications, the region, 200 returned", region, "/v1/applications?state=refused&limit=200"),
        ("applications, the region, none of its kind", region, "/v1/applications?unit_type=park&level=nation"),
        ("applications, a prefecture", officer, "/v1/applications"),
        ("applications, a prefecture, withdrawn", officer, "/v1/applications?state=withdrawn"),
        ("applications, an assessor", assessor, "/v1/applications?state=accepted"),
        ("applications, a unit", unit, "/v1/applications"),
        ("facts, the region", region, "/v1/facts"),
        ("facts, a prefecture", officer, "/v1/facts"),
        ("facts of a unit", unit, "/v1/facts"),
        ("prefecture lists", api.anonymous(), "/v1/prefecture-lists"),
    ):
        async with probe(name) as act:
            act.returned = await count_of(client, path)
    async with probe(f"{VERSIONS} versions of one application") as act:
        act.returned = await count_of(region, f"/v1/applications/{application(0).application_id}/versions")
    cursor = await far_cursor(region)
    async with probe("applications, a page far behind") as act:
        act.returned = await count_of(region, "/v1/applications", after=cursor)


async def far_cursor(client: ApiClient) -> str:
    cursor: str | None = None
    for _ in range(3):
        cursor = (await page(client, "/v1/applications", limit="200", **({"after": cursor} if cursor else {})))["next"]
    return cursor or ""


async def count_of(client: ApiClient, path: str, **asked: str) -> int:
    return len((await page(client, path, **asked))["items"])


async def page(client: ApiClient, path: str, **asked: str) -> dict[str, Any]:
    answer = await client.get(path, params=asked) if asked else await client.get(path)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


async def measure_commands(api: ApiHarness[Store], probe: Probe, size: int) -> None:
    async with probe(f"{DRAFTS} submissions at once"):
        answers = await asyncio.gather(*(submit(api, number) for number in drafts_of(size)))
    if set(answers) != {202}:
        raise AssertionError(answers)
    unit = api.client_as(Role.APPLICANT, organisation=unit_of(0).uscc)
    async with probe("a file that everybody sends"):
        (await unit.post("/v1/files", files={"file": ("a.pdf", PDF)})).raise_for_status()
    async with probe(f"a prefecture list of {LISTED} units") as act:
        act.returned = LISTED
        (await record_list(api)).raise_for_status()


def drafts_of(size: int) -> Iterator[int]:
    step = len(STATES)
    return (number for number, _ in zip(range(step - 1, size, step), range(DRAFTS), strict=False))


async def submit(api: ApiHarness[Store], number: int) -> int:
    client = api.client_as(Role.APPLICANT, organisation=unit_of(number).uscc, subject="li")
    return (await client.post(f"/v1/applications/app-2026-{number:012}/submit")).status_code


async def record_list(api: ApiHarness[Store]) -> Any:  # noqa: ANN401 - the client's response
    units = [unit_of(number).model_dump(mode="json") for number in range(0, LISTED * 12, 12)]
    body: Mapping[str, object] = {"document_number": "1号", "published_on": "2026-04-01", "units": units}
    officer = api.client_as(Role.PREFECTURE_OFFICER, prefecture=PREFECTURES[0])
    return await officer.post("/v1/prefecture-lists", json=body)
