"""The record of a case: actor, role, time, evidence and reason, each entry sealed on the one before (V14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from messages.digests import canonical_digest
from messages.event import Event
from messages.parties import Party
from rulebook import basis

from review.domain.case import Case
from review.domain.record_head import RecordHead


@dataclass(frozen=True)
class ActorRef:
    """The actor, the role in which they act, and for which organisation."""

    subject: str
    role: str
    organisation: str | None = None

    @property
    def party(self) -> Party:
        return Party(self.role, self.subject, (self.organisation,))


SERVICE = ActorRef("review", "service")
"""The actor of transitions that an event or a date brings about."""
OBJECTOR = ActorRef("objector", "public")
"""The record names the objection, not the person: others read it, and only the region knows the objector (V9)."""


@dataclass(frozen=True)
class Transition:
    """The effect of one act: the case after it, its events, and its entry in the record."""

    case: Case
    action: str
    rule: str
    reason: str
    events: tuple[Event, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordEntry:
    case_id: str
    number: int
    at: str
    """Instant in UTC as text: a database that keeps milliseconds would break the seal of an instant."""
    subject: str
    role: str
    action: str
    rule: str
    article: str
    rule_set: str
    evidence: dict[str, str]
    reason: str
    previous: str
    digest: str = ""

    @property
    def key(self) -> str:
        return f"{self.case_id}:{self.number:06d}"


@dataclass(frozen=True)
class ChainBreak:
    """The place where a record stops being what was written."""

    number: int
    text: str


def next_entry(head: RecordHead, step: Transition, by: ActorRef, now: datetime) -> RecordEntry:
    """Return the next entry of the case's record."""
    entry = RecordEntry(
        case_id=step.case.case_id,
        number=head.entries + 1,
        at=now.astimezone(UTC).isoformat(),
        subject=by.subject,
        role=by.role,
        action=step.action,
        rule=step.rule,
        article=basis(step.rule).article,
        rule_set=step.case.rule_set,
        evidence=dict(step.evidence),
        reason=step.reason,
        previous=head.digest,
    )
    return replace(entry, digest=seal(entry))


def seal(entry: RecordEntry) -> str:
    # Every field is plain JSON already: a deep copy would cost most of an entry.
    return canonical_digest({name: value for name, value in vars(entry).items() if name != "digest"})


def head_after(entries: Sequence[RecordEntry]) -> RecordHead:
    return RecordHead(entries[-1].number, entries[-1].digest) if entries else RecordHead()


def verify_chain(entries: Iterable[RecordEntry], head: RecordHead) -> ChainBreak | None:
    """Return the first place where the record was changed, cut or reordered; None when it leads to ``head``."""
    known = RecordHead()
    for entry in entries:
        if (entry.number, entry.previous) != (known.entries + 1, known.digest):
            return ChainBreak(entry.number, "does not follow the entry before it")
        if entry.digest != seal(entry):
            return ChainBreak(entry.number, "was changed after it was written")
        known = RecordHead(entry.number, entry.digest)
    return None if known == head else ChainBreak(known.entries, "is not where the case says the record ends")
