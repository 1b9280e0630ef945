"""What every stage of the season works with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from deploy.demo import timeline
from deploy.demo.calls import Calls, Json, until
from deploy.demo.cast import YEAR, Applicant, EdgeCase, Personas
from deploy.demo.people import REGION, unit
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
"""Whose applications no prefecture department comes to decide on."""


class Progress(Protocol):
    """Who tells the onlooker how far it is."""

    def stage(self, title: str, day: datetime) -> None: ...
    def expect(self, steps: int) -> None: ...
    def step(self) -> None: ...


@dataclass
class Season:
    cast: Personas
    samples: Samples
    calls: Calls
    clock: Path
    teller: Progress
    application_ids: dict[str, str] = field(default_factory=dict)
    """By the applicant's id; a case bears the id of its application."""

    @property
    def reviewed(self) -> tuple[Applicant, ...]:
        """Who comes before the prefecture department."""
        return tuple(each for each in self.cast.applicants if each.case not in NEVER_REVIEWED)

    def stage(self, title: str, instant: datetime) -> None:
        """Begin a stage: the clock goes on to its day."""
        timeline.advance(self.clock, instant)
        self.teller.stage(title, instant)

    def go_on_to(self, instant: datetime) -> None:
        """A later day of the same stage."""
        timeline.advance(self.clock, instant)

    def id_of(self, applicant: Applicant) -> str:
        return self.application_ids[applicant.id]

    async def each(self, things: Iterable[T], act: Callable[[T], Awaitable[object]]) -> None:
        """Do it for all of them at once, as many people would."""
        waiting = list(things)
        self.teller.expect(len(waiting))
        async with asyncio.TaskGroup() as group:
            for thing in waiting:
                group.create_task(self._told(act, thing))

    async def _told(self, act: Callable[[T], Awaitable[object]], thing: T) -> None:
        await act(thing)
        self.teller.step()

    async def application(self, applicant: Applicant) -> Json:
        """As the unit itself sees it: a draft is nobody else's."""
        found: Json = await self.calls.as_person(unit(applicant)).get(
            "applications", f"/applications/{self.id_of(applicant)}"
        )
        return found

    async def cases(self) -> dict[str, Json]:
        """Every case of the batch by its id, as the region sees it."""
        found = await self.calls.as_person(REGION).all("review", "/cases", batch_year=YEAR)
        return {case["case_id"]: case for case in found}

    async def until_cases(self, applicants: Iterable[Applicant], ready: Callable[[Json], bool], what: str) -> None:
        """Wait until the case of each of them is there and ``ready``."""
        wanted = {self.id_of(each) for each in applicants}

        async def all_ready() -> bool | None:
            cases = await self.cases()
            return all(each in cases and ready(cases[each]) for each in wanted) or None

        await until(all_ready, what)
