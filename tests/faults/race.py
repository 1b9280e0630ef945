"""One round of the race: 200 submissions at once for one yearly quota, four workers, two of them killed midway."""

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
from tests.support.namings import confirm_beforehand, named_applications
from tests.support.race_environment import NOW, RaceEnvironment, WorkerStart
from tests.support.worker import Worker, crashes_of

SUBMISSIONS, ASSESSORS, WORKERS = 200, 3, 4
POINTS = get_args(Point)
BATCHES = (1, 2, 5)
"""Small batches, so that the race lasts: the first commit of a hundred would grant all items at once."""
AT_LATEST = 150
"""Submissions handled, after which a worker that has not reached its failpoint is killed from outside."""
PATIENCE = 60


@dataclass(frozen=True)
class Conditions:
    """Differences from round to round; without victims no worker is killed."""

    batch: int
    victims: int = 2
    point: str = ""
    moment: int = 0
    """Submissions handled when the second victim is killed from outside."""
    restarted: bool = False

    @classmethod
    def of(cls, number: int, seed: str) -> Conditions:
        generator = Random(f"{seed}:{number}")  # noqa: S311 - repeatable random numbers
        point, moment = POINTS[number % len(POINTS)], generator.randint(1, 60)
        return cls(generator.choice(BATCHES), point=point, moment=moment, restarted=number % 2 == 0)

    def starts(self, extra: Mapping[str, str]) -> list[WorkerStart]:
        environment = {**extra, "GREEN_MAX_BATCH_SIZE": str(self.batch), "FAULTS_SEED": f"{self.point}{self.moment}"}
        lives = 2 if self.restarted else 1
        mortal = [WorkerStart(points=points, lives=lives, environment=environment) for points in ((self.point, ""), ())]
        rest = WorkerStart(environment=environment)
        return [*mortal[: self.victims], *[rest] * (WORKERS - self.victims)]


@dataclass(frozen=True)
class Race:
    """Submissions of one round, which rest on reports of three assessors of one legal representative."""

    number: int

    @property
    def assessors(self) -> list[Assessor]:
        return [Assessor(ASSESSORS * self.number + index, affiliates=ASSESSORS) for index in range(ASSESSORS)]

    def submissions(self) -> list[ApplicationSubmitted]:
        return [self._submitted(index, self.assessors[index % ASSESSORS]) for index in range(SUBMISSIONS)]

    def _submitted(self, index: int, assessor: Assessor) -> ApplicationSubmitted:
        unit = Applicant(SUBMISSIONS * self.number + index, assessor).unit
        return ApplicationSubmitted(
            application_id=f"race-{self.number}-{index}",
            unit=UnitRef.model_validate(unit),
            level=Level.REGION,
            batch_year=YEAR,
            evaluation=Evaluation(way="assessor", assessor=AssessorRef(uscc=assessor.uscc, name=assessor.name)),
            rule_set=rules_on(DAY).version,
            sequence=1,
            submitted_at=NOW,
            submitted_on=DAY,
            submission=1,
        )


@dataclass(frozen=True)
class RaceResult:
    """Outcome of a round, for the printed line and for the checker."""

    seconds: float
    killed: int
    crashes: Mapping[str, int]
    killed_at: int
    """Submissions handled when the second victim was killed."""
    settled: bool


async def run(
    race: Race,
    conditions: Conditions,
    environment: RaceEnvironment,
    database: Database,
    extra: Mapping[str, str] | None = None,
) -> RaceResult:
    """Start four workers, publish all submissions at once, kill two workers and wait for the rest to finish.

    The assessors have confirmed every application beforehand, so that all of them ask for a place at once.
    """
    await confirm_beforehand(database, named_applications(race.submissions()))
    async with environment.workers(conditions.starts(extra or {})) as workers:
        victims, began = workers[: conditions.victims], time.monotonic()
        progress = Progress(database, await database.count("inbox", {}))
        _, killed_at = await asyncio.gather(
            environment.publish(race.submissions()), _kill_workers(victims, conditions, progress)
        )
        settled = await _wait_until_settled(environment, progress)
        seconds = time.monotonic() - began
    crashes = crashes_of(workers)
    killed = sum(worker.killed for worker in workers)
    from_outside = Counter({"from outside": killed - crashes.total()} if killed > crashes.total() else {})
    return RaceResult(seconds, killed, crashes + from_outside, killed_at, settled)


@dataclass(frozen=True)
class Progress:
    """Progress of a round, read from the database."""

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
    killed_at = await progress.until(conditions.moment)
    from_outside.kill()
    await progress.until(AT_LATEST)
    if at_the_point.starts == 1:
        at_the_point.kill()
    return killed_at


async def _wait_until_settled(environment: RaceEnvironment, progress: Progress) -> bool:
    """Wait until every submission is handled, published and acknowledged; broker counts are up to a second old."""
    quiet, until = 0, time.monotonic() + PATIENCE
    while time.monotonic() < until and quiet < 2:
        handled = await progress.handled() == SUBMISSIONS
        unpublished = await progress.database.count("outbox", {"sent": False})
        counts = await environment.servers.broker.queue_counts(environment.vhost)
        waiting = sum(count for name, count in counts.items() if name.startswith("assessor-quota."))
        quiet = quiet + 1 if handled and not unpublished and not waiting else 0
        await asyncio.sleep(0.5)
    return quiet == 2
