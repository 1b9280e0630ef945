"""Complete drafts of a season, ready to be submitted: one for each assessor over the API, the others its copies."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeVar

import applications.store
import assessor_quota.store
from applications.api import router as applications_router
from applications.domain.application import Application
from applications.domain.organisation_status import OrganisationStatus
from applications.domain.records import PrefectureList
from applications.handlers import quota
from assessor_quota.api import router as quota_router
from chassis.persistence import Index
from chassis.persistence.mongo import Database
from chassis.security import load_keys
from chassis.security.audit import AUDIT_INDEXES
from devkit.api_harness import ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.assessor_quota import AssessorRegistered
from messages.values import PersonRef, Role, UnitRef, UnitType

from tests.bench.growth import insert_values
from tests.bench.season import SHARE_OF_ASSESSORS
from tests.bench.stack import Stack
from tests.support.load_data import DAY, PREFECTURES, Applicant, Assessor
from tests.support.namings import NamedApplication, confirm_beforehand
from tests.support.race_environment import NOW

T = TypeVar("T")
AT_ONCE = 8
ITEMS = 15
"""Items of one assessor in a year (Q1); each has a legal representative of its own."""


@dataclass(frozen=True)
class Draft:
    """One application that can be submitted."""

    application_id: str
    organisation: str
    assessor: str | None = None
    """The code of the assessor that it names."""


class Drafts:
    """Opens drafts in the databases of a stack; the processes of its services need not run."""

    def __init__(self, api: ApiHarness[Any], database: Database, assessors: int) -> None:
        self._api = api
        self._database = database
        self._slots = [number % assessors for number in range(assessors * ITEMS)]
        Random(1).shuffle(self._slots)  # noqa: S311 - repeatable random numbers
        self._patterns: dict[int, Application] = {}
        self._opened = 0

    async def open(self, count: int, share_of_assessors: float = SHARE_OF_ASSESSORS) -> list[Draft]:
        """Open more drafts, that share of them on reports of assessors, whose items suffice for all."""
        every = max(1, round(1 / (1 - share_of_assessors))) if share_of_assessors < 1 else count + self._opened + 1
        numbers = range(self._opened + 1, self._opened + count + 1)
        self._opened += count
        applicants = [Applicant(n, None if n % every == 0 else self._assessor(n - n // every)) for n in numbers]
        await self._list_in_prefectures(applicants)
        await for_each({each.assessor for each in applicants if each.assessor}, self._open_pattern)
        copies = [self._copy(each) for each in applicants if each.assessor]
        await insert_values(self._database, "applications", {each.application_id: each for each in copies})
        own: list[Draft] = []
        await for_each([each for each in applicants if not each.assessor], lambda each: self._open_own(each, own))
        return [Draft(each.application_id, each.unit.uscc, _assessor_of(each)) for each in copies] + own

    def _assessor(self, number: int) -> Assessor:
        """Return the assessor of that many-th report; each has its items before one has more than it may."""
        return Assessor(self._slots[number % len(self._slots)], affiliates=1)

    async def _list_in_prefectures(self, applicants: Sequence[Applicant]) -> None:
        """Put every unit on the list of its prefecture, as the region requires (E10)."""
        published = DAY.replace(month=3)
        lists = {each: PrefectureList(f"{each}-1", each, f"{each}-1", published, (), each) for each in PREFECTURES}
        statuses = {}
        for applicant in applicants:
            unit = UnitRef.model_validate(applicant.unit)
            listing = lists[applicant.prefecture].listing_of(unit)
            statuses[unit.uscc] = OrganisationStatus(unit.uscc).with_listing(listing)
        await insert_values(self._database, "standings", statuses)

    async def _open_pattern(self, assessor: Assessor) -> None:
        """Open one draft on a report of this assessor over the API, with the assessor's file; later ones are copies."""
        if assessor.number in self._patterns:
            return
        await self._api.perform(quota.record_assessor, _registered(assessor))
        applicant = Applicant(1_000_000 + assessor.number, assessor)
        sender = self._api.client_as(Role.ASSESSOR, organisation=assessor.uscc)
        application_id = await self._open(applicant, sender)
        self._patterns[assessor.number] = await self._api.store().applications.require(application_id)

    def _copy(self, applicant: Applicant) -> Application:
        pattern = self._patterns[applicant.assessor.number if applicant.assessor else 0]
        unit = UnitRef.model_validate(applicant.unit)
        return replace(pattern, application_id=f"app-2026-{applicant.number:012}", unit=unit)

    async def _open_own(self, applicant: Applicant, opened: list[Draft]) -> None:
        sender = self._api.client_as(Role.APPLICANT, organisation=applicant.uscc)
        opened.append(Draft(await self._open(applicant, sender), applicant.uscc))

    async def _open(self, applicant: Applicant, sender: Any) -> str:  # noqa: ANN401 - a client of the harness
        files = {"file": ("evidence.pdf", applicant.pdf, "application/pdf")}
        sent = await sender.post("/v1/files", files=files)
        _require(sent, 200, 201)
        client = self._api.client_as(Role.APPLICANT, organisation=applicant.uscc)
        body = applicant.draft(hashlib.sha256(applicant.pdf).hexdigest())
        return str(_require(await client.post("/v1/applications", json=body), 201).json()["application_id"])


def _assessor_of(application: Application) -> str | None:
    named = application.evaluation.assessor
    return named.uscc if named else None


async def confirm_drafts(stack: Stack, opened: Iterable[Draft]) -> None:
    """Let the assessors have confirmed the drafts that name them, as at the peak: no submission waits for a word."""
    database = stack.open_database("assessor-quota")
    named = (
        NamedApplication(each.application_id, each.organisation, each.assessor) for each in opened if each.assessor
    )
    await confirm_beforehand(database, named)
    await database.close()


@asynccontextmanager
async def open_drafts(stack: Stack, assessors: int) -> AsyncIterator[Drafts]:
    """Open the API of applications on the stack's database, in this process."""
    database = stack.open_database("applications")
    await database.ensure_indexes((*applications.store.INDEXES, *AUDIT_INDEXES))
    keys = await asyncio.to_thread(load_keys, stack.folder / "persons.toml")
    async with api_harness(
        "applications",
        applications_router,
        applications.store.Store,
        aggregates=applications.store.AGGREGATES,
        clock=FixedClock(NOW),
        state={"keys": keys},
        database=database,
    ) as api:
        yield Drafts(api, database, assessors)
    await database.close()


async def register_assessors(stack: Stack, assessors: int) -> None:
    """Register them with assessor-quota over its API, in this process."""
    database = stack.open_database("assessor-quota")
    indexes: Sequence[Index] = (*assessor_quota.store.INDEXES, *AUDIT_INDEXES)
    await database.ensure_indexes(indexes)
    keys = await asyncio.to_thread(load_keys, stack.folder / "persons.toml")
    async with api_harness(
        "assessor-quota",
        quota_router,
        assessor_quota.store.Store,
        aggregates=assessor_quota.store.AGGREGATES,
        clock=FixedClock(NOW),
        state={"keys": keys},
        database=database,
    ) as api:
        region = api.client_as(Role.REGIONAL_OFFICER)

        async def register(number: int) -> None:
            body = Assessor(number, affiliates=1).registration()
            _require(await region.post("/v1/assessors", json=body), 201)

        await for_each(range(assessors), register)
    await database.close()


def _registered(assessor: Assessor) -> AssessorRegistered:
    digest = hashlib.sha256(assessor.uscc.encode()).hexdigest()
    return AssessorRegistered(
        assessor_uscc=assessor.uscc,
        name=assessor.name,
        representative=PersonRef(digest=digest, masked="15**************11"),
        scope=(UnitType.FACTORY, UnitType.PARK, UnitType.SUPPLY_CHAIN),
        registered_on=DAY,
        sequence=1,
    )


async def for_each(items: Iterable[T], do: Callable[[T], Awaitable[None]]) -> None:
    """Run ``do`` for every item, ``AT_ONCE`` at a time."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await do(item)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


def _require(answer: Any, *statuses: int) -> Any:  # noqa: ANN401 - httpx's response
    if answer.status_code not in statuses:
        raise RuntimeError(f"{answer.status_code}: {answer.text}")
    return answer
