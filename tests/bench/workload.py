"""The workload: submissions for ten thousand representatives, and for affiliates of one in demand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle, islice
from typing import Any, TypeAlias

from chassis.handling import Document
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import ChangeSet, Write
from messages.applications import ApplicationSubmitted, ApplicationWithdrawn
from messages.event import Event
from messages.values import AssessorRef, Evaluation, Level, UnitRef
from rulebook import rules_on

from tests.support.load_data import DAY, YEAR, Applicant, Assessor, code
from tests.support.race_environment import NOW

REPRESENTATIVES = 10_000
AFFILIATES = 3
FULL = [Assessor(number, AFFILIATES) for number in range(AFFILIATES)]
"""Affiliates whose items are all taken: every submission is refused."""
GIVING_BACK = [Assessor(AFFILIATES + number, AFFILIATES) for number in range(AFFILIATES)]
"""Affiliates whose items are given back at once: every submission is granted one."""
PATTERN = Assessor(2 * AFFILIATES, AFFILIATES)
"""Registered over HTTP; the ten thousand are its copies with another code, name and legal representative."""
CHUNK = 500


@dataclass(frozen=True)
class Submitter:
    """One of the ten thousand."""

    number: int

    @property
    def uscc(self) -> str:
        return code(100_000 + self.number, "92150100")

    @property
    def name(self) -> str:
        return f"示例评价机构{100_000 + self.number}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.uscc.encode()).hexdigest()


Claimant: TypeAlias = Assessor | Submitter
MANY = [Submitter(number) for number in range(REPRESENTATIVES)]


class Submissions:
    """Makes submissions, never the same application twice."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.many: Iterator[Claimant] = cycle(MANY)
        self.full: Iterator[Claimant] = cycle(FULL)
        self.giving_back: Iterator[Claimant] = cycle(GIVING_BACK)
        self._rules = rules_on(DAY).version

    def by(self, claimants: Iterator[Claimant], number: int) -> Iterator[ApplicationSubmitted]:
        """Submissions that rest on reports of the next of these assessors."""
        return map(self._submission, islice(claimants, number))

    def in_turn(self, number: int) -> Iterator[ApplicationSubmitted]:
        """Alternate the ten thousand with the affiliates whose items are all taken."""
        for pair in zip(self.by(self.many, number // 2), self.by(self.full, number // 2), strict=True):
            yield from pair

    def given_back(self, number: int) -> Iterator[Event]:
        """Each item is taken and given back at once, so that the ledger stays short."""
        for submitted in self.by(self.giving_back, number // 2):
            yield submitted
            yield _withdrawn(submitted)

    def _submission(self, assessor: Claimant) -> ApplicationSubmitted:
        number = next(self._numbers)
        return ApplicationSubmitted(
            application_id=f"bench-{number}",
            unit=UnitRef.model_validate(Applicant(number, None).unit),
            level=Level.REGION,
            batch_year=YEAR,
            evaluation=Evaluation(way="assessor", assessor=AssessorRef(uscc=assessor.uscc, name=assessor.name)),
            rule_set=self._rules,
            sequence=1,
            submitted_at=NOW,
            submitted_on=DAY,
            submission=1,
        )


def _withdrawn(submitted: ApplicationSubmitted) -> ApplicationWithdrawn:
    names = set(ApplicationWithdrawn.model_fields) & set(ApplicationSubmitted.model_fields) - {"sequence"}
    shared_fields = submitted.model_dump(include=names)
    return ApplicationWithdrawn(**shared_fields, sequence=2, withdrawn_on=DAY, initial_review_accepted=False)


async def register_many(database: Database) -> None:
    """Register the ten thousand as copies of the pattern."""
    (pattern,) = await database.find("assessors", {"_id": PATTERN.uscc})
    digest = pattern["representative"]["digest"]
    for start in range(0, REPRESENTATIVES, CHUNK):
        copies = [
            _replace_texts(pattern, {PATTERN.uscc: each.uscc, PATTERN.name: each.name, digest: each.digest})
            for each in MANY[start : start + CHUNK]
        ]
        await database.commit(ChangeSet([], [Write("assessors", each["_id"], 0, each) for each in copies], None))


def _replace_texts(document: Document, replacements: dict[str, str]) -> Any:  # noqa: ANN401 - any part of a document
    """The document with some of its texts replaced at any depth."""
    if isinstance(document, dict):
        return {name: _replace_texts(value, replacements) for name, value in document.items()}
    if isinstance(document, list):
        return [_replace_texts(value, replacements) for value in document]
    return replacements.get(document, document) if isinstance(document, str) else document
