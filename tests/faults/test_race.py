"""Two hundred submissions at once for the quota of one legal representative, while workers are killed (Q2)."""

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
async def environment(servers: PrivateServers, tmp_path: Path) -> RaceEnvironment:
    return await RaceEnvironment.build(servers, tmp_path)


@pytest.fixture
async def database(environment: RaceEnvironment) -> AsyncIterator[Database]:
    database = open_database(environment.servers.mongod.admin_url, environment.database.name, "pymongo")
    yield database
    await database.close()


async def run_and_check(
    number: int, conditions: Conditions, environment: RaceEnvironment, database: Database, extra: dict[str, str]
) -> Violations:
    race = Race(number)
    result = await run(race, conditions, environment, database, extra)
    findings = await RaceChecker(race, environment, database).check(result, conditions.victims)
    print_round(number, conditions, result, findings)
    return findings


def print_round(number: int, conditions: Conditions, result: RaceResult, findings: Violations) -> None:
    """Print a line for each round."""
    counts = findings.counts
    after = "started again" if conditions.restarted else "left dead"
    ends = f"killed {', '.join(sorted(result.crashes))} (at {result.killed_at} handled), {after}"
    print(
        f"\nround {number}: {counts['granted']} granted, {counts['refused']} refused, {counts['answers']} answers; "
        f"batches of {conditions.batch}; {ends if result.killed else 'the control'}; {result.seconds:.1f} s",
        end="",
    )
    for violation in findings.violations:
        print(f"\n{'violated' if result.killed else 'control, found as it must be'}: {violation}", end="")


@pytest.mark.rule("Q2")
async def test_two_hundred_submissions_at_once_get_exactly_the_quota_while_two_of_four_workers_are_killed(
    environment: RaceEnvironment, database: Database
) -> None:
    await environment.register([assessor for number in range(ROUNDS) for assessor in Race(number).assessors])

    rounds = [
        await run_and_check(number, Conditions.of(number, SEED), environment, database, {}) for number in range(ROUNDS)
    ]

    assert [each.violations for each in rounds] == [[]] * ROUNDS
    assert [each.counts["granted"] for each in rounds] == [LIMIT] * ROUNDS
    assert [each.counts["refused"] for each in rounds] == [SUBMISSIONS - LIMIT] * ROUNDS


async def test_checker_finds_items_granted_twice_without_the_version_check(
    environment: RaceEnvironment, database: Database
) -> None:
    """The negative control: a checker that cannot fail proves nothing."""
    await environment.register(Race(0).assessors)

    unchecked = {"FAULTS_DISABLE_VERSION_CHECK": "1"}
    findings = await run_and_check(0, Conditions(5, victims=0), environment, database, unchecked)

    assert findings.counts["granted"] > LIMIT
    assert any("items granted twice" in violation for violation in findings.violations)
