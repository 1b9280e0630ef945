"""The checker: from what all databases hold after the storm, and what the clients were told, all that does not hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.persistence.codec import codec
from chassis.transactions.work import message_inbox_id
from messages.applications import ApplicationAccepted, ApplicationRefused
from review.domain import record
from review.domain.case import Case

from deploy.services import SERVICES, Service
from tests.faults.final_state import Documents, Remains
from tests.faults.history import Ending, Entry
from tests.support.fault_injection import EFFECTS
from tests.support.load_data import Applicant

LIMIT = 15
OUTCOMES = {ApplicationAccepted.type, ApplicationRefused.type}


@dataclass
class Violations:
    """What the run came to: numbers for people, and every violation."""

    counts: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def hold(self, what: str, wrong: Iterable[object]) -> None:
        """``wrong`` must be empty."""
        found = sorted(map(str, wrong))
        if found:
            self.violations.append(f"{what}: {len(found)}, for example {', '.join(found[:3])}")


class Checker:
    """``applicants`` by the application that each one filed."""

    def __init__(self, remains: Remains, told: Mapping[str, Entry], applicants: Mapping[str, Applicant]) -> None:
        self._remains = remains
        self._told = told
        self._applicants = applicants
        self._states = {each["_id"]: each["state"] for each in remains["applications"]["applications"]}
        self._accepted = {name for name, state in self._states.items() if state == "accepted"}
        self._decided = self._accepted | {name for name, state in self._states.items() if state == "refused"}
        self.findings = Violations()

    def check(self) -> Violations:
        for part in (self._submissions, self._quota, self._effects, self._events, self._parked, self._records):
            part()
        return self.findings

    def _submissions(self) -> None:
        """Every accepted submission has exactly one outcome, and every accepted application exactly one case.

        Where a client heard no answer it may have been filed or not, but not by half.
        """
        cases = {each["_id"] for each in self._remains["review"]["cases"]}
        ok, unknown, fail = (self._ended(ending) for ending in ("ok", "unknown", "fail"))
        self.findings.counts |= {"told ok": len(ok), "told nothing": len(unknown)}
        self.findings.counts |= {"told nothing, and filed": len(unknown & self._decided)}
        self.findings.counts |= {"accepted": len(self._accepted), "refused": len(self._decided - self._accepted)}
        drafts = {name for name, state in self._states.items() if state == "draft"}
        self.findings.hold("told ok and lost", ok - self._decided)
        self.findings.hold("told nothing and filed by half", unknown - self._decided - drafts)
        self.findings.hold("refused where everything was right", fail)
        self.findings.hold("decided and never asked for", self._decided - ok - unknown)
        self.findings.hold("accepted without a case", self._accepted - cases)
        self.findings.hold("cases nobody applied for", cases - self._accepted)
        self._outcomes()

    def _outcomes(self) -> None:
        """What was filed has its outcome said once, and a draft none."""
        said = Counter(each["h"]["ce-subject"] for each in self._said("applications") if each["t"] in OUTCOMES)
        wanted = Counter(dict.fromkeys(self._decided, 1))
        self.findings.hold("outcomes not said exactly once", (said - wanted) + (wanted - said))

    def _ended(self, ending: Ending) -> set[str]:
        return {name for name, each in self._told.items() if each.ending == ending}

    def _quota(self) -> None:
        """Never over 15, never refused below, each granted item one application and the reverse."""
        ledgers, items = (self._remains["assessor-quota"][name] for name in ("ledgers", "items"))
        granted = {each["_id"] for each in items if each["state"] in {"reserved", "confirmed"}}
        lines = [line["application_id"] for ledger in ledgers for line in ledger["lines"]]
        used = {ledger["_id"]: len(ledger["lines"]) for ledger in ledgers}
        asked = {name: by for name, each in self._applicants.items() if (by := each.assessor) and name in self._decided}
        self.findings.counts |= {"items granted": len(granted), "ledgers": len(ledgers)}
        self.findings.hold("ledgers over 15", {name for name, count in used.items() if count > LIMIT})
        self.findings.hold("items on two lines", {name for name, count in Counter(lines).items() if count > 1})
        self.findings.hold("items and ledgers differ", granted ^ set(lines))
        self.findings.hold("granted and not accepted, or the reverse", granted ^ (self._accepted & asked.keys()))
        self.findings.hold("refused who need no item", self._decided - self._accepted - asked.keys())
        wanted = sum(min(LIMIT, count) for count in Counter(by.representative for by in asked.values()).values())
        self.findings.hold("items due", [] if len(lines) == wanted else [f"{len(lines)} granted where {wanted} were"])

    def _effects(self) -> None:
        """Each event had its effect once in each listener."""
        for service in SERVICES:
            effects = self._remains[service.name][EFFECTS]
            self.findings.counts[f"effects in {service.name}"] = len(effects)
            more = {each["_id"] for each in effects if each["times"] != 1}
            self.findings.hold(f"effects of {service.name} more than once", more)

    def _events(self) -> None:
        """Everything said was heard by everyone who listens, with its effect; what an aggregate says counts 1, 2, 3."""
        for service in SERVICES:
            wanted = self._wanted(service)
            road, rows = (
                message_inbox_id(service.name, ""),
                [row["_id"] for row in self._remains[service.name]["inbox"]],
            )
            known = {row.removeprefix(road) for row in rows if row.startswith(road)}
            had = {each["_id"] for each in self._remains[service.name][EFFECTS]}
            due = set(wanted.values())
            self.findings.hold(f"said and not heard by {service.name}", wanted.keys() - known)
            self.findings.hold(f"heard by {service.name} and never said", known - wanted.keys())
            self.findings.hold(f"said and without its effect in {service.name}", due - had)
            self.findings.hold(f"effects in {service.name} of what nobody said", had - due)
            self.findings.hold(f"gaps in what {service.name} said", _gaps(self._said(service.name)))

    def _wanted(self, service: Service) -> dict[str, str]:
        """Events that this service listens to: identifier → the effect it is counted as."""
        heard = {each.event_type.type for each in service.subscriptions()}
        said = [each for other in SERVICES for each in self._said(other.name) if each["t"] in heard]
        return {each["h"]["ce-id"]: _effect(each) for each in said}

    def _said(self, name: str) -> Documents:
        return [entry for document in self._remains[name]["outbox"] for entry in document["events"]]

    def _parked(self) -> None:
        for service in SERVICES:
            left = self._remains[service.name]["parked"]
            reasons = {f"{each['event_id']} ({each['reason']})" for each in left if each["state"] == "parked"}
            self.findings.hold(f"parked by {service.name}", reasons)

    def _records(self) -> None:
        """The record of every case follows entry by entry to where the case says it ends (V14)."""
        entries = defaultdict(list)
        for each in self._remains["review"]["records"]:
            entries[each["case_id"]].append(codec(record.RecordEntry).load(each))
        cases = [codec(Case).load(each) for each in self._remains["review"]["cases"]]
        self.findings.counts |= {"entries of records": sum(map(len, entries.values()))}
        broken = {
            case.case_id: record.verify_chain(sorted(entries[case.case_id], key=lambda each: each.number), case.head)
            for case in cases
        }
        told = {f"{name} at {each.number}: {each.text}" for name, each in broken.items() if each}
        self.findings.hold("records that are not what was written", told)


def _effect(entry: dict[str, Any]) -> str:
    return f"{entry['t']}:{entry['h']['ce-subject']}:{entry['h']['ce-sequence']}"


def _gaps(entries: Documents) -> set[str]:
    sequences: dict[str, list[int]] = {}
    for entry in entries:
        sequences.setdefault(entry["a"], []).append(int(entry["h"]["ce-sequence"]))
    return {name for name, found in sequences.items() if sorted(found) != list(range(1, len(found) + 1))}
