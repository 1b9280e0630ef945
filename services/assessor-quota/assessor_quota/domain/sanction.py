"""Sanctions under Art. 31: three years without evaluation work, and their revocation (S1, S4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from messages.values import AssessorRef, Ban, Prefecture, Reason
from rulebook import RuleSet, reason, three_years_from


@dataclass(frozen=True)
class ViolationFinding:
    """One fraud or concealment that was proven."""

    text: str
    evidence: str | None = None


@dataclass(frozen=True)
class Sanction:
    """One decision; revoking it ends it and leaves it on record."""

    document_number: str
    decided_on: date
    ban: Ban
    reasons: tuple[Reason, ...]
    rule_set: str
    revoked_on: date | None = None
    revocation_document: str | None = None

    def holds_on(self, day: date) -> bool:
        return self.ban.holds_on(day) and (self.revoked_on is None or day < self.revoked_on)

    @property
    def last_day(self) -> date:
        """The last day on which it holds."""
        if self.revoked_on is None:
            return self.ban.last_day
        return min(self.ban.last_day, self.revoked_on - timedelta(days=1))

    def revoked(self, document_number: str, day: date) -> Sanction:
        """Return it ended from ``day`` on, which is free again; the history stays (S4)."""
        return replace(self, revoked_on=day, revocation_document=document_number)


@dataclass(frozen=True)
class SanctionDecision:
    """A sanction as the public list shows it: with its assessor and its present state (N4)."""

    assessor: AssessorRef
    sanction: Sanction
    last_day: date
    """The last day on which it holds, by which the list finds it."""
    prefectures: tuple[Prefecture, ...] = ()
    """Where the assessor works; it begins to work nowhere else while the sanction holds."""

    @property
    def key(self) -> str:
        return f"{self.assessor.uscc}:{self.sanction.document_number}"


def sanction(document_number: str, decided_on: date, findings: Iterable[ViolationFinding], rules: RuleSet) -> Sanction:
    """Return a sanction of three years from the decision on, its own day included (S1, T5)."""
    return Sanction(
        document_number=document_number,
        decided_on=decided_on,
        ban=Ban(first_day=decided_on, last_day=three_years_from(decided_on, rules.sanction.years)),
        reasons=tuple(reason("S1", "fraud-or-concealment", each.text, each.evidence) for each in findings),
        rule_set=rules.version,
    )


def longest(sanctions: Iterable[Sanction], day: date) -> Sanction | None:
    """Return the one that ends last of those in force on ``day``."""
    return max((each for each in sanctions if each.holds_on(day)), key=lambda each: each.ban.last_day, default=None)


def decision_problems(
    recorded: Sequence[Sanction],
    document_number: str,
    decided_on: date,
    findings: Sequence[ViolationFinding],
    today: date,
) -> list[Reason]:
    """Return the reasons that keep a decision from being recorded; its document number is unique for ever.

    Art. 31 speaks of what was verified: each finding names its evidence.
    """
    found = [
        reason("S1", "evidence-missing", "请写明查实的依据", pointer=f"/reasons/{place}/evidence")
        for place, each in enumerate(findings)
        if not each.evidence
    ]
    if any(each.document_number == document_number for each in recorded):
        text = f"文号为{document_number}的处理决定已有记录"
        found.append(reason("S1", "decision-already-recorded", text, document_number, "/document_number"))
    if decided_on > today:
        found.append(reason("S1", "decision-in-future", "处理决定的日期晚于今日", str(decided_on), "/decided_on"))
    return found


def revocation_problems(
    recorded: Sequence[Sanction], decision: str | None, revoked_on: date, today: date
) -> Iterator[Reason]:
    """Yield the reasons that keep a revocation from being recorded: it must mean one decision in force (S4)."""
    meant = revocable(recorded, decision, revoked_on)
    if not meant:
        text = "没有正在生效、可以撤销的处理决定"
        yield reason("S4", "nothing-to-revoke", text, decision, "/decision" if decision else None)
    if len(meant) > 1:
        numbers = ", ".join(each.document_number for each in meant)
        yield reason("S4", "decision-not-named", "有多项处理决定正在生效，请写明撤销哪一项", numbers, "/decision")
    if revoked_on > today:
        yield reason("S4", "revocation-in-future", "撤销日期晚于今日", str(revoked_on), "/revoked_on")


def revocable(recorded: Sequence[Sanction], decision: str | None, day: date) -> list[Sanction]:
    return [each for each in recorded if each.holds_on(day) and decision in {None, each.document_number}]
