"""The checker: compares the final state of all databases with the history and lists every violation."""

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
from rulebook import rules_on

from deploy.services import SERVICES, Service
from tests.faults.final_state import Documents, FinalState
from tests.faults.history import Completion, Operation
from tests.support.fault_injection import EFFECTS
from tests.support.load_data import DAY, Applicant

LIMIT = rules_on(DAY).quota.items_per_year
"""Items a year of one legal representative (Q1)."""
OUTCOMES = {ApplicationAccepted.type, ApplicationRefused.type}


@dataclass
class Violations:
    """Result of a check: counts for the reader, and every violation."""

    counts: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def expect_none(self, claim: str, offenders: Iterable[object]) -> None:
        """Record a violation unless ``offenders`` is empty."""
        found = sorted(map(str, offenders))
        if found:
            self.violations.append(f"{claim}: {len(found)}, for example {', '.join(found[:3])}")


class Checker:
    """``applicants`` by the application that each one filed."""

    def __init__(
        self, final_state: FinalState, history: Mapping[str, Operation], applicants: Mapping[str, Applicant]
    ) -> None:
        self._final_state = final_state
        self._history = history
        self._applicants = applicants
        self._states = {each["_id"]: each["state"] for each in final_state["applications"]["applications"]}
        self._accepted = {name for name, state in self._states.items() if state == "accepted"}
        self._decided = self._accepted | {name for name, state in self._states.items() if state == "refused"}
        self.findings = Violations()

    def check(self) -> Violations:
        for part in (self._submissions, self._quota, self._effects, self._events, self._parked, self._records):
            part()
        return self.findings

    def _submissions(self) -> None:
        """Check that every acknowledged submission has one outcome and every accepted application one case.

        A submission without an answer may have been filed or not, but not half filed.
        """
        cases = {each["_id"] for each in self._final_state["review"]["cases"]}
        ok, unknown, fail = (self._completed(completion) for completion in ("ok", "info", "fail"))
        self.findings.counts |= {"acknowledged": len(ok), "unanswered": len(unknown)}
        self.findings.counts |= {"unanswered, and filed": len(unknown & self._decided)}
        self.findings.counts |= {"accepted": len(self._accepted), "refused": len(self._decided - self._accepted)}
        drafts = {name for name, state in self._states.items() if state == "draft"}
        self.findings.expect_none("acknowledged and lost", ok - self._decided)
        self.findings.expect_none("unanswered and half filed", unknown - self._decided - drafts)
        self.findings.expect_none("refused though complete", fail)
        self.findings.expect_none("decided without a submission", self._decided - ok - unknown)
        self.findings.expect_none("accepted without a case", self._accepted - cases)
        self.findings.expect_none("cases without an application", cases - self._accepted)
        self._outcomes()

    def _outcomes(self) -> None:
        """Check that the outcome of each filed application is published once, and none of a draft."""
        published = Counter(
            each["headers"]["ce-subject"] for each in self._published("applications") if each["type"] in OUTCOMES
        )
        wanted = Counter(dict.fromkeys(self._decided, 1))
        self.findings.expect_none("outcomes not published exactly once", (published - wanted) + (wanted - published))

    def _completed(self, completion: Completion) -> set[str]:
        return {name for name, each in self._history.items() if each.completion == completion}

    def _quota(self) -> None:
        """Check the limit of each ledger, that nobody is refused below it, and that items match applications."""
        ledgers, items = (self._final_state["assessor-quota"][name] for name in ("ledgers", "items"))
        granted = {each["_id"] for each in items if each["state"] in {"reserved", "confirmed"}}
        lines = [line["application_id"] for ledger in ledgers for line in ledger["lines"]]
        used = {ledger["_id"]: len(ledger["lines"]) for ledger in ledgers}
        with_assessor = {
            name: by for name, each in self._applicants.items() if (by := each.assessor) and name in self._decided
        }
        self.findings.counts |= {"items granted": len(granted), "ledgers": len(ledgers)}
        self.findings.expect_none("ledgers over the limit", {name for name, count in used.items() if count > LIMIT})
        self.findings.expect_none("items on two lines", {name for name, count in Counter(lines).items() if count > 1})
        self.findings.expect_none("items and ledgers differ", granted ^ set(lines))
        self.findings.expect_none(
            "granted and not accepted, or the reverse", granted ^ (self._accepted & with_assessor.keys())
        )
        self.findings.expect_none(
            "refused without needing an item", self._decided - self._accepted - with_assessor.keys()
        )
        wanted = sum(
            min(LIMIT, count) for count in Counter(by.representative for by in with_assessor.values()).values()
        )
        self.findings.expect_none(
            "items due", [] if len(lines) == wanted else [f"{len(lines)} granted where {wanted} were"]
        )

    def _effects(self) -> None:
        """Check that each event had its effect once in each subscriber."""
        for service in SERVICES:
            effects = self._final_state[service.name][EFFECTS]
            self.findings.counts[f"effects in {service.name}"] = len(effects)
            repeated = {each["_id"] for each in effects if each["times"] != 1}
            self.findings.expect_none(f"effects of {service.name} more than once", repeated)

    def _events(self) -> None:
        """Check that every subscriber consumed every event with its effect, and that sequences have no gaps."""
        for service in SERVICES:
            wanted = self._due_events(service)
            prefix, rows = (
                message_inbox_id(service.name, ""),
                [row["_id"] for row in self._final_state[service.name]["inbox"]],
            )
            consumed = {row.removeprefix(prefix) for row in rows if row.startswith(prefix)}
            with_effect = {each["_id"] for each in self._final_state[service.name][EFFECTS]}
            due = set(wanted.values())
            self.findings.expect_none(f"published and not consumed by {service.name}", wanted.keys() - consumed)
            self.findings.expect_none(f"consumed by {service.name} and never published", consumed - wanted.keys())
            self.findings.expect_none(f"published without effect in {service.name}", due - with_effect)
            self.findings.expect_none(f"effects in {service.name} of events never published", with_effect - due)
            self.findings.expect_none(f"gaps in the sequences of {service.name}", _gaps(self._published(service.name)))

    def _due_events(self, service: Service) -> dict[str, str]:
        """Events that this service subscribes to: identifier → the effect it is counted as."""
        event_types = {each.event_type.type for each in service.subscriptions()}
        published = [each for other in SERVICES for each in self._published(other.name) if each["type"] in event_types]
        return {each["headers"]["ce-id"]: _effect(each) for each in published}

    def _published(self, name: str) -> Documents:
        return [entry for document in self._final_state[name]["outbox"] for entry in document["events"]]

    def _parked(self) -> None:
        for service in SERVICES:
            documents = self._final_state[service.name]["parked"]
            reasons = {f"{each['event_id']} ({each['reason']})" for each in documents if each["state"] == "parked"}
            self.findings.expect_none(f"parked by {service.name}", reasons)

    def _records(self) -> None:
        """Check that the record of every case is a whole chain that ends where the case says (V14)."""
        entries = defaultdict(list)
        for each in self._final_state["review"]["records"]:
            entries[each["case_id"]].append(codec(record.RecordEntry).load(each))
        cases = [codec(Case).load(each) for each in self._final_state["review"]["cases"]]
        self.findings.counts |= {"entries of records": sum(map(len, entries.values()))}
        broken = {
            case.case_id: record.verify_chain(sorted(entries[case.case_id], key=lambda each: each.number), case.head)
            for case in cases
        }
        altered = {f"{name} at {each.number}: {each.text}" for name, each in broken.items() if each}
        self.findings.expect_none("altered records", altered)


def _effect(entry: dict[str, Any]) -> str:
    return f"{entry['type']}:{entry['headers']['ce-subject']}:{entry['headers']['ce-sequence']}"


def _gaps(entries: Documents) -> set[str]:
    sequences: dict[str, list[int]] = {}
    for entry in entries:
        sequences.setdefault(entry["aggregate"], []).append(int(entry["headers"]["ce-sequence"]))
    return {name for name, found in sequences.items() if sorted(found) != list(range(1, len(found) + 1))}
