"""The checker of a race: reads database and broker and lists every violation of Q1 and Q2."""

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
from tests.support.race_environment import PUBLISHER, SERVICE, RaceEnvironment

ANSWERS = (QuotaItemReserved, QuotaItemRefused, QuotaItemReleased, QuotaItemConfirmed)


@dataclass
class Answers:
    """Events published to the applications service, with repetitions counted."""

    count: int = 0
    by_application: dict[str, dict[tuple[str, bytes], IncomingMessage]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    @classmethod
    async def drain(cls, environment: RaceEnvironment) -> Answers:
        """Read the queue of the answers until it is empty."""
        answers = cls()
        async with await aio_pika.connect(environment.servers.amqp_url(environment.vhost)) as connection:
            queue = await (await connection.channel()).get_queue(f"{PUBLISHER}.{SERVICE}", ensure=False)
            while (message := await queue.get(no_ack=True, fail=False)) is not None:
                answers.add(decode(message.headers, message.body), message.body)
        return answers

    def add(self, message: IncomingMessage, body: bytes) -> None:
        if isinstance(message.event, ANSWERS):
            self.count += 1
            self.by_application[message.event.application_id][message.id, body] = message

    def of(self, kind: type[QuotaItemReserved | QuotaItemRefused]) -> list[Any]:
        every = [message.event for each in self.by_application.values() for message in each.values()]
        return [event for event in every if isinstance(event, kind)]


class RaceChecker:
    """Checks the final state of one round; other rounds have other applications and another representative."""

    def __init__(self, race: Race, environment: RaceEnvironment, database: Database) -> None:
        self._environment = environment
        self._database = database
        self._submitted = {each.application_id for each in race.submissions()}
        self._assessors = [each.uscc for each in race.assessors]
        self.findings = Violations()

    async def check(self, result: RaceResult, victims: int) -> Violations:
        answers = await Answers.drain(self._environment)
        items = {each["_id"]: each for each in await self._all("items") if each["_id"] in self._submitted}
        self._expect("processes killed", result.killed, victims)
        self.findings.expect_none("not settled", [] if result.settled else [f"after {result.seconds:.0f} s"])
        self._answered(answers)
        self._refused(answers)
        await self._granted(answers, items)
        await self._once(items)
        await self._nothing_left()
        return self.findings

    def _answered(self, answers: Answers) -> None:
        """Check for one answer to each application; a repetition is the same event to the last byte."""
        answered = answers.by_application
        self.findings.counts |= {"answers": answers.count}
        self.findings.expect_none(
            "applications with two different answers", {n for n, each in answered.items() if len(each) > 1}
        )
        self.findings.expect_none("applications without an answer", self._submitted - set(answered))
        self._expect("granted", len(answers.of(QuotaItemReserved)), LIMIT)
        self._expect("refused", len(answers.of(QuotaItemRefused)), SUBMISSIONS - LIMIT)

    def _refused(self, answers: Answers) -> None:
        """Check that every submission over the limit is refused for that reason and with the list of items in use."""
        granted = {each.application_id for each in answers.of(QuotaItemReserved)}
        others, without_list = set(), set()
        for refusal in answers.of(QuotaItemRefused):
            if [(reason.rule, reason.code) for reason in refusal.reasons] != [("Q1", "quota-exhausted")]:
                others.add(refusal.application_id)
            if sorted(line.application_id for line in refusal.items_in_use) != sorted(granted):
                without_list.add(refusal.application_id)
        self.findings.expect_none("refused for another reason", others)
        self.findings.expect_none("refused without the list of the items granted", without_list)

    async def _granted(self, answers: Answers, items: dict[str, dict[str, Any]]) -> None:
        """Check that answers, items and the lines of the one ledger agree."""
        reserved = answers.of(QuotaItemReserved)
        used = sorted(each.used for each in reserved)
        self.findings.expect_none(
            "items granted twice", {number for number, times in Counter(used).items() if times > 1}
        )
        in_use = {name for name, each in items.items() if each["state"] == "reserved"}
        lines = [(ledger, line["application_id"]) for ledger in await self._ledgers() for line in ledger["lines"]]
        self._expect("items in use", len(in_use), LIMIT)
        self._expect("lines in the ledger", len(lines), LIMIT)
        self.findings.expect_none("answers and items differ", {each.application_id for each in reserved} ^ in_use)
        self.findings.expect_none("items and ledger differ", {name for _, name in lines} ^ in_use)
        self.findings.expect_none(
            "in another ledger", {n for ledger, n in lines if items[n]["ledgers"] != [ledger["_id"]]}
        )

    async def _ledgers(self) -> list[dict[str, Any]]:
        assessors = await self._database.find("assessors", {"_id": {"$in": self._assessors}})
        digests = {each["representative"]["digest"] for each in assessors}
        self._expect("representatives", len(digests), 1)
        return [each for each in await self._all("ledgers") if each["representative"]["digest"] in digests]

    async def _once(self, items: dict[str, dict[str, Any]]) -> None:
        """Check that each submission was handled once, whichever worker was killed while handling it."""
        effects = [each for each in await self._all(EFFECTS) if each["_id"].split(":")[1] in self._submitted]
        self._expect("submissions handled", len(effects), SUBMISSIONS)
        self._expect("applications with an item, granted or not", len(items), SUBMISSIONS)
        self.findings.expect_none("handled more than once", {each["_id"] for each in effects if each["times"] != 1})

    async def _nothing_left(self) -> None:
        self.findings.expect_none("parked", {each["_id"] for each in await self._all("parked")})
        self.findings.expect_none(
            "unpublished", {each["_id"] for each in await self._all("outbox") if not each["sent"]}
        )
        counts = await self._environment.servers.broker.queue_counts(self._environment.vhost)
        waiting = {name: count for name, count in counts.items() if name.startswith(f"{SERVICE}.") and count}
        self.findings.expect_none("left on queues", waiting)

    def _expect(self, what: str, found: int, wanted: int) -> None:
        self.findings.counts |= {what: found}
        self.findings.expect_none(what, [] if found == wanted else [f"{found} where {wanted} were due"])

    async def _all(self, collection: str) -> list[dict[str, Any]]:
        return list(await self._database.find(collection, {}))
