"""The checker: reads every database and queue after the storm and says all that does not hold."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chassis.mongo import Database, open_database
from chassis.topology import UNHEARD_QUEUE

from deploy.services import SERVICES
from tests.faults.ledger import Ledger
from tests.faults.town import Town
from tests.stand.cast import Applicant
from tests.stand.crashing import EFFECTS

SETTLE_SECONDS = 60
LIMIT = 15


@dataclass
class Findings:
    """What the run came to: numbers for people, and every violation."""

    counts: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    settled_in: float = 0.0

    def hold(self, what: str, wrong: Iterable[object]) -> None:
        """``wrong`` must be empty."""
        found = sorted(map(str, wrong))
        if found:
            self.violations.append(f"{what}: {len(found)}, for example {', '.join(found[:3])}")


class Checker:
    def __init__(self, town: Town, ledger: Ledger, applicants: list[Applicant], drafts: dict[int, str]) -> None:
        self._town = town
        self._ledger = ledger
        self._applicants = {drafts[each.number]: each for each in applicants}
        self._databases = {
            service.name: open_database(town.mongod.admin_url, town.databases[service.name].name, "pymongo")
            for service in SERVICES
        }
        self.findings = Findings()

    async def settle(self) -> None:
        """Wait until nothing is under way; what has not settled in time is a violation."""
        began, quiet = time.monotonic(), 0
        while time.monotonic() - began < SETTLE_SECONDS:
            quiet = quiet + 1 if await self._quiet() else 0
            if quiet == 2:
                self.findings.settled_in = time.monotonic() - began
                return
            await asyncio.sleep(1)
        self.findings.violations.append(f"not settled in {SETTLE_SECONDS} s: {await self._under_way()}")

    async def check(self) -> Findings:
        for part in (self._submissions, self._quota, self._effects, self._events, self._parked):
            await part()
        for database in self._databases.values():
            await database.close()
        return self.findings

    async def _quiet(self) -> bool:
        return not any((await self._under_way()).values())

    async def _under_way(self) -> dict[str, int]:
        queues = await self._town.broker.queue_counts(self._town.vhost)
        waiting = {name: count for name, count in queues.items() if name != UNHEARD_QUEUE and count}
        unsent = {
            f"outbox of {name}": len(await self._all(name, "outbox", {"sent": False})) for name in self._databases
        }
        held = {"waiting for an item": len(await self._all("applications", "applications", {"state": "submitted"}))}
        return waiting | {name: count for name, count in (unsent | held).items() if count}

    async def _submissions(self) -> None:
        """Every accepted submission has exactly one outcome, and every accepted application exactly one case."""
        stored = {each["_id"]: each for each in await self._all("applications", "applications", {})}
        told = self._ledger.entries()
        cases = {each["_id"] for each in await self._all("review", "cases", {})}
        accepted = {name for name, each in stored.items() if each["state"] == "accepted"}
        decided = accepted | {name for name, each in stored.items() if each["state"] == "refused"}
        self.findings.counts |= {"told ok": sum(each.ending == "ok" for each in told.values())}
        self.findings.counts |= {"accepted": len(accepted), "cases": len(cases)}
        self.findings.hold("told ok and lost", {n for n, each in told.items() if each.ending == "ok"} - decided)
        self.findings.hold("submitted and never answered", {n for n, each in told.items() if each.ending == "unknown"})
        self.findings.hold("refused where everything was right", {n for n, e in told.items() if e.ending == "fail"})
        self.findings.hold("accepted without a case", accepted - cases)
        self.findings.hold("cases nobody applied for", cases - accepted)

    async def _quota(self) -> None:
        """Never over 15, never refused below, each granted item one application and the reverse."""
        ledgers = await self._all("assessor-quota", "ledgers", {})
        items = {each["_id"]: each for each in await self._all("assessor-quota", "items", {})}
        granted = {name for name, each in items.items() if each["state"] in {"reserved", "confirmed"}}
        lines = [line["application_id"] for ledger in ledgers for line in ledger["lines"]]
        used = {ledger["_id"]: len(ledger["lines"]) for ledger in ledgers}
        asked = Counter(each.assessor.representative for each in self._applicants.values() if each.assessor)
        accepted = {each["_id"] for each in await self._all("applications", "applications", {"state": "accepted"})}
        by_assessor = {name for name, each in self._applicants.items() if each.assessor}
        self.findings.counts |= {"items granted": len(granted), "ledgers": len(ledgers)}
        self.findings.hold("ledgers over 15", {name for name, count in used.items() if count > LIMIT})
        self.findings.hold("items on two lines", {name for name, count in Counter(lines).items() if count > 1})
        self.findings.hold("items and ledgers differ", granted ^ set(lines))
        self.findings.hold("granted and not accepted, or the reverse", granted ^ (accepted & by_assessor))
        wanted = sum(min(LIMIT, count) for count in asked.values())
        if len(lines) != wanted:
            self.findings.violations.append(f"{len(lines)} items granted where {wanted} were due")

    async def _effects(self) -> None:
        """Each event had its effect once in each listener."""
        for name in self._databases:
            effects = await self._all(name, EFFECTS, {})
            self.findings.counts[f"effects in {name}"] = len(effects)
            self.findings.hold(f"effects of {name} more than once", {e["_id"] for e in effects if e["times"] != 1})

    async def _events(self) -> None:
        """Everything said is in the inbox of everyone who listens, and the events of one aggregate count 1, 2, 3."""
        said = {name: await self._said(name) for name in self._databases}
        for service in SERVICES:
            heard = {each.event_type.type for each in service.hears()}
            wanted = {entry["h"]["ce-id"] for entries in said.values() for entry in entries if entry["t"] in heard}
            rows = await self._all(service.name, "inbox", {})
            known = {row["_id"].partition("|")[2] for row in rows if row["_id"].startswith(f"{service.name}|")}
            parked = {each["event_id"] for each in await self._all(service.name, "parked", {})}
            self.findings.hold(f"said and not heard by {service.name}", wanted - known - parked)
            self.findings.hold(f"heard by {service.name} and never said", known - wanted)
        for name, entries in said.items():
            self.findings.hold(f"gaps in what {name} said", _gaps(entries))

    async def _said(self, name: str) -> list[dict[str, Any]]:
        return [entry for document in await self._all(name, "outbox", {}) for entry in document["events"]]

    async def _parked(self) -> None:
        for name in self._databases:
            left = await self._all(name, "parked", {"state": "parked"})
            self.findings.hold(f"parked by {name}", {f"{each['event_id']} ({each['reason']})" for each in left})

    async def _all(self, name: str, collection: str, where: dict[str, Any]) -> list[dict[str, Any]]:
        database: Database = self._databases[name]
        return list(await database.find(collection, where))


def _gaps(entries: list[dict[str, Any]]) -> set[str]:
    sequences: dict[str, list[int]] = {}
    for entry in entries:
        sequences.setdefault(entry["a"], []).append(int(entry["h"]["ce-sequence"]))
    return {name for name, found in sequences.items() if sorted(found) != list(range(1, len(found) + 1))}
