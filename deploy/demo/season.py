"""The season: context and helpers of every stage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from deploy.demo import timeline
from deploy.demo.actors import REGION, unit
from deploy.demo.calls import Calls, Json, until
from deploy.demo.personas import YEAR, Applicant, EdgeCase, Personas
from deploy.demo.samples import Samples

T = TypeVar("T")

NEVER_REVIEWED = (
    EdgeCase.QUOTA_EXHAUSTED,
    EdgeCase.BANNED,
    EdgeCase.SEVERAL_FAULTS,
    EdgeCase.WITHDRAWN,
    EdgeCase.REPORT_SUSPENDED,
    EdgeCase.SANCTIONED_ASSESSOR,
)
"""Applications that end before a prefecture department decides."""


class Progress(Protocol):
    """Reports how far the season is."""

    def stage(self, title: str, day: datetime) -> None: ...
    def expect(self, steps: int) -> None: ...
    def step(self) -> None: ...


@dataclass
class Season:
    personas: Personas
    samples: Samples
    calls: Calls
    clock: Path
    progress: Progress
    mail: Path
    """Folder of the e-mails that were sent."""
    application_ids: dict[str, str] = field(default_factory=dict)
    """Applicant id → application id, which is also the id of its case."""
    fact_id: str = ""
    """Of the fact that an officer records."""

    @property
    def reviewed(self) -> tuple[Applicant, ...]:
        """Return the applicants that the prefecture department decides on."""
        return tuple(each for each in self.personas.applicants if each.case not in NEVER_REVIEWED)

    def stage(self, title: str, instant: datetime) -> None:
        """Begin a stage and set the clock to its day."""
        timeline.advance(self.clock, instant)
        self.progress.stage(title, instant)

    def go_on_to(self, instant: datetime) -> None:
        """Set the clock to a later day of the same stage."""
        timeline.advance(self.clock, instant)

    def id_of(self, applicant: Applicant) -> str:
        return self.application_ids[applicant.id]

    async def each(self, things: Iterable[T], act: Callable[[T], Awaitable[object]]) -> None:
        """Act on all things concurrently, as many people would."""
        waiting = list(things)
        self.progress.expect(len(waiting))
        async with asyncio.TaskGroup() as group:
            for thing in waiting:
                group.create_task(self._perform(act, thing))

    async def _perform(self, act: Callable[[T], Awaitable[object]], thing: T) -> None:
        await act(thing)
        self.progress.step()

    async def application(self, applicant: Applicant) -> Json:
        """Return the application as its unit sees it: nobody else may read a draft."""
        found: Json = await self.calls.as_person(unit(applicant)).get(
            "applications", f"/applications/{self.id_of(applicant)}"
        )
        return found

    async def cases(self) -> dict[str, Json]:
        """Return case id → case, for all cases of the batch as the region sees them."""
        found = await self.calls.as_person(REGION).all("review", "/cases", batch_year=YEAR)
        return {case["case_id"]: case for case in found}

    async def until_cases(self, applicants: Iterable[Applicant], ready: Callable[[Json], bool], what: str) -> None:
        """Wait until the case of each applicant exists and is ``ready``."""
        wanted = {self.id_of(each) for each in applicants}

        async def all_ready() -> bool | None:
            cases = await self.cases()
            return all(each in cases and ready(cases[each]) for each in wanted) or None

        await until(all_ready, what)
