"""Who asks for items in the measurements: ten thousand representatives, and sisters of one whose places all want."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle, islice
from typing import Any, TypeAlias

from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import ChangeSet, Document, Write
from messages.applications import ApplicationSubmitted, ApplicationWithdrawn
from messages.event import Event
from messages.values import AssessorRef, Evaluation, Level, UnitRef
from rulebook import rules_on

from tests.support.load_data import DAY, YEAR, Applicant, Assessor, code
from tests.support.race_environment import NOW

REPRESENTATIVES = 10_000
AFFILIATES = 3
FULL = [Assessor(number, AFFILIATES) for number in range(AFFILIATES)]
"""Sisters whose fifteen places are taken: whoever asks is refused."""
GIVING_BACK = [Assessor(AFFILIATES + number, AFFILIATES) for number in range(AFFILIATES)]
"""Sisters whose items are given back at once: whoever asks is granted one."""
PATTERN = Assessor(2 * AFFILIATES, AFFILIATES)
"""Registered as the others are; the ten thousand are its copies, but for code, name and legal representative."""
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


Asker: TypeAlias = Assessor | Submitter
MANY = [Submitter(number) for number in range(REPRESENTATIVES)]


class Submissions:
    """Never the same application twice."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.many: Iterator[Asker] = cycle(MANY)
        self.full: Iterator[Asker] = cycle(FULL)
        self.giving_back: Iterator[Asker] = cycle(GIVING_BACK)
        self._rules = rules_on(DAY).version

    def by(self, askers: Iterator[Asker], number: int) -> Iterator[ApplicationSubmitted]:
        """Submissions that rest on reports of the next of these assessors."""
        return map(self._one, islice(askers, number))

    def in_turn(self, number: int) -> Iterator[ApplicationSubmitted]:
        """One of the ten thousand, one of the sisters whose places are taken, and so on."""
        for pair in zip(self.by(self.many, number // 2), self.by(self.full, number // 2), strict=True):
            yield from pair

    def given_back(self, number: int) -> Iterator[Event]:
        """A place is taken and given back each time, so that the ledger stays short."""
        for submitted in self.by(self.giving_back, number // 2):
            yield submitted
            yield _withdrawn(submitted)

    def _one(self, assessor: Asker) -> ApplicationSubmitted:
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
        )


def _withdrawn(submitted: ApplicationSubmitted) -> ApplicationWithdrawn:
    shared = set(ApplicationWithdrawn.model_fields) & set(ApplicationSubmitted.model_fields) - {"sequence"}
    told = submitted.model_dump(include=shared)
    return ApplicationWithdrawn(**told, sequence=2, withdrawn_on=DAY)


async def settle_in(database: Database) -> None:
    """Put the ten thousand on the register, as copies of one that was registered over HTTP."""
    (pattern,) = await database.find("assessors", {"_id": PATTERN.uscc})
    digest = pattern["representative"]["digest"]
    for start in range(0, REPRESENTATIVES, CHUNK):
        copies = [
            _with(pattern, {PATTERN.uscc: each.uscc, PATTERN.name: each.name, digest: each.digest})
            for each in MANY[start : start + CHUNK]
        ]
        await database.commit(ChangeSet([], [Write("assessors", each["_id"], 0, each) for each in copies], None))


def _with(document: Document, words: dict[str, str]) -> Any:  # noqa: ANN401 - any part of a document
    """The same document with some of its words replaced, wherever they stand."""
    if isinstance(document, dict):
        return {name: _with(value, words) for name, value in document.items()}
    if isinstance(document, list):
        return [_with(value, words) for value in document]
    return words.get(document, document) if isinstance(document, str) else document
