"""The judge of a race: reads the database and the bus and says all that does not hold of Q1 and Q2."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from chassis.persistence.mongo import Database
from messages.assessor_quota import QuotaItemConfirmed, QuotaItemRefused, QuotaItemReleased, QuotaItemReserved
from messages.envelope import IncomingMessage, decode

from tests.faults.checker import LIMIT, Violations
from tests.faults.race import SUBMISSIONS, Race, RaceResult
from tests.support.fault_injection import EFFECTS
from tests.support.race_environment import SERVICE, SPEAKER, RaceEnvironment

ANSWERS = (QuotaItemReserved, QuotaItemRefused, QuotaItemReleased, QuotaItemConfirmed)


@dataclass
class Answers:
    """What the applications service would have heard, each event as often as it came."""

    came: int = 0
    by_application: dict[str, dict[tuple[str, bytes], IncomingMessage]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    @classmethod
    async def drained(cls, arena: RaceEnvironment) -> Answers:
        """Take everything from the queue of the answers."""
        answers = cls()
        async with await aio_pika.connect(arena.servers.amqp_url(arena.vhost)) as connection:
            queue = await (await connection.channel()).get_queue(f"{SPEAKER}.{SERVICE}", ensure=False)
            while (message := await queue.get(no_ack=True, fail=False)) is not None:
                answers.add(decode(message.headers, message.body), message.body)
        return answers

    def add(self, heard: IncomingMessage, body: bytes) -> None:
        if isinstance(heard.event, ANSWERS):
            self.came += 1
            self.by_application[heard.event.application_id][heard.id, body] = heard

    def of(self, kind: type[QuotaItemReserved | QuotaItemRefused]) -> list[Any]:
        every = [heard.event for each in self.by_application.values() for heard in each.values()]
        return [event for event in every if isinstance(event, kind)]


class RaceChecker:
    """Reads what one round left behind; other rounds have other applications and another representative."""

    def __init__(self, race: Race, arena: RaceEnvironment, database: Database) -> None:
        self._arena = arena
        self._database = database
        self._asked = {each.application_id for each in race.submissions()}
        self._assessors = [each.uscc for each in race.assessors]
        self.findings = Violations()

    async def check(self, course: RaceResult, victims: int) -> Violations:
        answers = await Answers.drained(self._arena)
        items = {each["_id"]: each for each in await self._all("items") if each["_id"] in self._asked}
        self._expect("processes killed", course.killed, victims)
        self.findings.hold("not settled", [] if course.settled else [f"after {course.seconds:.0f} s"])
        self._answered(answers)
        self._refused(answers)
        await self._granted(answers, items)
        await self._once(items)
        await self._left_behind()
        return self.findings

    def _answered(self, answers: Answers) -> None:
        """One answer for each application; said again, it is the same event to the last byte."""
        told = answers.by_application
        self.findings.counts |= {"answers": answers.came}
        self.findings.hold("applications with two different answers", {n for n, each in told.items() if len(each) > 1})
        self.findings.hold("applications without an answer", self._asked - set(told))
        self._expect("granted", len(answers.of(QuotaItemReserved)), LIMIT)
        self._expect("refused", len(answers.of(QuotaItemRefused)), SUBMISSIONS - LIMIT)

    def _refused(self, answers: Answers) -> None:
        """The 16th and every other is refused for one reason, and with the list of the 15."""
        granted = {each.application_id for each in answers.of(QuotaItemReserved)}
        others, unlisted = set(), set()
        for refusal in answers.of(QuotaItemRefused):
            if [(reason.rule, reason.code) for reason in refusal.reasons] != [("Q1", "quota-exhausted")]:
                others.add(refusal.application_id)
            if sorted(line.application_id for line in refusal.items_in_use) != sorted(granted):
                unlisted.add(refusal.application_id)
        self.findings.hold("refused for another reason", others)
        self.findings.hold("refused without the list of the items granted", unlisted)

    async def _granted(self, answers: Answers, items: dict[str, dict[str, Any]]) -> None:
        """Answers, items and the lines of the one ledger tell the same."""
        reserved = answers.of(QuotaItemReserved)
        used = sorted(each.used for each in reserved)
        self.findings.hold("places given twice", {place for place, times in Counter(used).items() if times > 1})
        in_use = {name for name, each in items.items() if each["state"] == "reserved"}
        lines = [(ledger, line["application_id"]) for ledger in await self._ledgers() for line in ledger["lines"]]
        self._expect("items in use", len(in_use), LIMIT)
        self._expect("lines in the ledger", len(lines), LIMIT)
        self.findings.hold("answers and items differ", {each.application_id for each in reserved} ^ in_use)
        self.findings.hold("items and ledger differ", {name for _, name in lines} ^ in_use)
        self.findings.hold("in another ledger", {n for ledger, n in lines if items[n]["ledgers"] != [ledger["_id"]]})

    async def _ledgers(self) -> list[dict[str, Any]]:
        assessors = await self._database.find("assessors", {"_id": {"$in": self._assessors}})
        digests = {each["representative"]["digest"] for each in assessors}
        self._expect("representatives", len(digests), 1)
        return [each for each in await self._all("ledgers") if each["representative"]["digest"] in digests]

    async def _once(self, items: dict[str, dict[str, Any]]) -> None:
        """Each submission was handled once, whoever was killed with it in hand."""
        effects = [each for each in await self._all(EFFECTS) if each["_id"].split(":")[1] in self._asked]
        self._expect("submissions handled", len(effects), SUBMISSIONS)
        self._expect("applications with an item, granted or not", len(items), SUBMISSIONS)
        self.findings.hold("handled more than once", {each["_id"] for each in effects if each["times"] != 1})

    async def _left_behind(self) -> None:
        self.findings.hold("parked", {each["_id"] for each in await self._all("parked")})
        self.findings.hold("unsent", {each["_id"] for each in await self._all("outbox") if not each["sent"]})
        counts = await self._arena.servers.broker.queue_counts(self._arena.vhost)
        mine = {name: count for name, count in counts.items() if name.startswith(f"{SERVICE}.") and count}
        self.findings.hold("left on queues", mine)

    def _expect(self, what: str, found: int, wanted: int) -> None:
        self.findings.counts |= {what: found}
        self.findings.hold(what, [] if found == wanted else [f"{found} where {wanted} were due"])

    async def _all(self, collection: str) -> list[dict[str, Any]]:
        return list(await self._database.find(collection, {}))
