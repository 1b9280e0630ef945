"""One round of the race: 200 submissions at once for 15 places, four workers, two of them killed in the middle."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import get_args

from chassis.failpoints import Point
from chassis.persistence.mongo import Database
from messages.applications import ApplicationSubmitted
from messages.values import AssessorRef, Evaluation, Level, UnitRef
from rulebook import rules_on

from tests.support.load_data import DAY, YEAR, Applicant, Assessor
from tests.support.race_environment import NOW, RaceEnvironment, Start
from tests.support.worker import Worker, dead_at

SUBMISSIONS, ASSESSORS, WORKERS = 200, 3, 4
POINTS = get_args(Point)
BATCHES = (1, 2, 5)
"""Small ones, so that the race has a middle: of a hundred, the first commit would take all places at once."""
AT_LATEST = 150
"""Submissions handled, after which the one that is to die at a named point is killed where it stands."""
PATIENCE = 60


@dataclass(frozen=True)
class Conditions:
    """What is different from round to round; without victims nobody dies."""

    batch: int
    victims: int = 2
    point: str = ""
    moment: int = 0
    """Submissions handled when the second victim is killed from outside."""
    restarted: bool = False

    @classmethod
    def of(cls, number: int, seed: str) -> Conditions:
        dice = Random(f"{seed}:{number}")  # noqa: S311 - a repeatable die
        point, moment = POINTS[number % len(POINTS)], dice.randint(1, 60)
        return cls(dice.choice(BATCHES), point=point, moment=moment, restarted=number % 2 == 0)

    def starts(self, more: Mapping[str, str]) -> list[Start]:
        environment = {**more, "GREEN_MAX_BATCH_SIZE": str(self.batch), "FAULTS_SEED": f"{self.point}{self.moment}"}
        lives = 2 if self.restarted else 1
        mortal = [Start(points=points, lives=lives, environment=environment) for points in ((self.point, ""), ())]
        rest = Start(environment=environment)
        return [*mortal[: self.victims], *[rest] * (WORKERS - self.victims)]


@dataclass(frozen=True)
class Race:
    """The runners of one round: applications that rest on reports of three assessors of one representative."""

    number: int

    @property
    def assessors(self) -> list[Assessor]:
        return [Assessor(ASSESSORS * self.number + place, sisters=ASSESSORS) for place in range(ASSESSORS)]

    def submissions(self) -> list[ApplicationSubmitted]:
        return [self._submitted(place, self.assessors[place % ASSESSORS]) for place in range(SUBMISSIONS)]

    def _submitted(self, place: int, assessor: Assessor) -> ApplicationSubmitted:
        unit = Applicant(SUBMISSIONS * self.number + place, assessor).unit
        return ApplicationSubmitted(
            application_id=f"race-{self.number}-{place}",
            unit=UnitRef.model_validate(unit),
            level=Level.REGION,
            batch_year=YEAR,
            evaluation=Evaluation(way="assessor", assessor=AssessorRef(uscc=assessor.uscc, name=assessor.name)),
            rule_set=rules_on(DAY).version,
            sequence=1,
            submitted_at=NOW,
            submitted_on=DAY,
        )


@dataclass(frozen=True)
class RaceResult:
    """How a round went: for people, and for the judge."""

    seconds: float
    killed: int
    deaths: Mapping[str, int]
    struck_at: int
    """Submissions handled when the second victim was killed."""
    settled: bool


async def run(
    race: Race,
    conditions: Conditions,
    arena: RaceEnvironment,
    database: Database,
    more: Mapping[str, str] | None = None,
) -> RaceResult:
    """Start four workers, say everything at once, kill two, wait for the rest to finish."""
    async with arena.workers(conditions.starts(more or {})) as workers:
        victims, began = workers[: conditions.victims], time.monotonic()
        progress = Progress(database, await database.count("inbox", {}))
        _, struck_at = await asyncio.gather(
            arena.publish(race.submissions()), _kill_workers(victims, conditions, progress)
        )
        settled = await _settled(arena, progress)
        seconds = time.monotonic() - began
    deaths = dead_at(workers)
    killed = sum(worker.killed for worker in workers)
    from_outside = Counter({"from outside": killed - deaths.total()} if killed > deaths.total() else {})
    return RaceResult(seconds, killed, deaths + from_outside, struck_at, settled)


@dataclass(frozen=True)
class Progress:
    """How far the round is, as the database has it."""

    database: Database
    before: int

    async def handled(self) -> int:
        return await self.database.count("inbox", {}) - self.before

    async def until(self, handled: int) -> int:
        async with asyncio.timeout(PATIENCE):
            while (now := await self.handled()) < handled:  # noqa: ASYNC110 - another process's work
                await asyncio.sleep(0.01)
        return now


async def _kill_workers(victims: Sequence[Worker], conditions: Conditions, progress: Progress) -> int:
    if not victims:
        return 0
    at_the_point, from_outside = victims
    struck_at = await progress.until(conditions.moment)
    from_outside.kill()
    await progress.until(AT_LATEST)
    if at_the_point.starts == 1:
        at_the_point.kill()
    return struck_at


async def _settled(arena: RaceEnvironment, progress: Progress) -> bool:
    """Everything is handled, said and acknowledged; counts of the broker are up to a second old."""
    quiet, until = 0, time.monotonic() + PATIENCE
    while time.monotonic() < until and quiet < 2:
        handled = await progress.handled() == SUBMISSIONS
        unsent = await progress.database.count("outbox", {"sent": False})
        counts = await arena.servers.broker.queue_counts(arena.vhost)
        waiting = sum(count for name, count in counts.items() if name.startswith("assessor-quota."))
        quiet = quiet + 1 if handled and not unsent and not waiting else 0
        await asyncio.sleep(0.5)
    return quiet == 2
