"""Two hundred submissions at once for the places of one legal representative, while workers are killed (Q2)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chassis.persistence.mongo import Database, open_database
from devkit.private_servers import PrivateServers

from tests.faults.checker import LIMIT, Violations
from tests.faults.race import SUBMISSIONS, Conditions, Race, RaceResult, run
from tests.faults.race_checker import RaceChecker
from tests.support.race_environment import RaceEnvironment

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    # PyMongo's async client leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

ROUNDS = int(os.environ.get("RACE_ROUNDS", "3"))
SEED = os.environ.get("FAULTS_SEED", "1")


@pytest.fixture
async def arena(servers: PrivateServers, tmp_path: Path) -> RaceEnvironment:
    return await RaceEnvironment.build(servers, tmp_path)


@pytest.fixture
async def database(arena: RaceEnvironment) -> AsyncIterator[Database]:
    database = open_database(arena.servers.mongod.admin_url, arena.database.name, "pymongo")
    yield database
    await database.close()


async def judged(
    number: int, conditions: Conditions, arena: RaceEnvironment, database: Database, more: dict[str, str]
) -> Violations:
    race = Race(number)
    course = await run(race, conditions, arena, database, more)
    findings = await RaceChecker(race, arena, database).check(course, conditions.victims)
    told(number, conditions, course, findings)
    return findings


def told(number: int, conditions: Conditions, course: RaceResult, findings: Violations) -> None:
    """For people: a line for each round."""
    counts = findings.counts
    after = "started again" if conditions.restarted else "left dead"
    ends = f"killed {', '.join(sorted(course.deaths))} (at {course.struck_at} handled), {after}"
    print(
        f"\nround {number}: {counts['granted']} granted, {counts['refused']} refused, {counts['answers']} answers; "
        f"batches of {conditions.batch}; {ends if course.killed else 'the control'}; {course.seconds:.1f} s",
        end="",
    )
    for violation in findings.violations:
        print(f"\nviolated: {violation}", end="")


@pytest.mark.rule("Q2")
async def test_two_hundred_at_once_get_exactly_fifteen_places_though_two_of_four_workers_are_killed(
    arena: RaceEnvironment, database: Database
) -> None:
    await arena.register([assessor for number in range(ROUNDS) for assessor in Race(number).assessors])

    rounds = [await judged(number, Conditions.of(number, SEED), arena, database, {}) for number in range(ROUNDS)]

    assert [each.violations for each in rounds] == [[]] * ROUNDS
    assert [each.counts["granted"] for each in rounds] == [LIMIT] * ROUNDS
    assert [each.counts["refused"] for each in rounds] == [SUBMISSIONS - LIMIT] * ROUNDS


async def test_without_the_version_check_the_judge_sees_places_given_twice(
    arena: RaceEnvironment, database: Database
) -> None:
    """The negative control: a judge that cannot find anything proves nothing."""
    await arena.register(Race(0).assessors)

    findings = await judged(0, Conditions(5, victims=0), arena, database, {"FAULTS_VERSIONS": "ignored"})

    assert findings.counts["granted"] > LIMIT
    assert any("places given twice" in violation for violation in findings.violations)
