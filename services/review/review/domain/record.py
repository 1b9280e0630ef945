"""The record of a case: actor, role, time, evidence and reason, each entry sealed on the one before (V14).

An entry names its audience. The others see its number, day, action and digests, and can check the chain by them: the
seal covers the content by its digest, which a salt keeps from being guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from messages.digests import canonical_digest
from messages.event import Event
from messages.parties import Party
from messages.values import Role
from rulebook import basis, shanghai_date

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


class Audience(StrEnum):
    """To whom an entry is shown, of those who may read the record."""

    RECORD = "record"
    """To all of them."""
    REVIEWERS = "reviewers"
    """To the review organisation and the region: experts, sheets, scores, places, lots (V5 to V8)."""
    REGION = "region"
    """To the region: whatever could name an objector (V9)."""


READERS: Mapping[Audience, frozenset[str]] = MappingProxyType(
    {
        Audience.RECORD: frozenset({Role.PREFECTURE_OFFICER, Role.REVIEW_ORGANISATION, Role.REGIONAL_OFFICER}),
        Audience.REVIEWERS: frozenset({Role.REVIEW_ORGANISATION, Role.REGIONAL_OFFICER}),
        Audience.REGION: frozenset({Role.REGIONAL_OFFICER}),
    }
)


@dataclass(frozen=True)
class Transition:
    """The effect of one act: the case after it, its events, and its entry in the record."""

    case: Case
    action: str
    rule: str
    reason: str
    audience: Audience
    """To whom ``reason`` and ``evidence`` are shown."""
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
    audience: Audience
    salt: str
    """Drawn for each entry: a score or a place could be guessed from a digest of it alone."""
    previous: str
    digest: str = ""

    @property
    def day(self) -> str:
        return shanghai_date(datetime.fromisoformat(self.at)).isoformat()

    @property
    def content(self) -> str:
        """Return the digest of whatever only the audience is shown."""
        return canonical_digest([getattr(self, name) for name in CONTENT])

    @property
    def key(self) -> str:
        return f"{self.case_id}:{self.number:06d}"


CONTENT = ("at", "subject", "role", "rule", "article", "rule_set", "evidence", "reason", "salt")
"""The fields of an entry that only its audience is shown."""


@dataclass(frozen=True)
class ChainBreak:
    """The place where a record stops being what was written."""

    number: int
    text: str


def next_entry(head: RecordHead, step: Transition, by: ActorRef, now: datetime, salt: str) -> RecordEntry:
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
        audience=step.audience,
        salt=salt,
        previous=head.digest,
    )
    return replace(entry, digest=seal(entry))


def seal(entry: RecordEntry) -> str:
    """Return the seal, made of what every reader of the record is shown."""
    return seal_of(entry.case_id, entry.number, entry.day, entry.action, entry.audience, entry.content, entry.previous)


def seal_of(  # noqa: PLR0913, PLR0917 - what an entry shows to all
    case_id: str, number: int, day: str, action: str, audience: str, content: str, previous: str
) -> str:
    return canonical_digest([case_id, number, day, action, str(audience), content, previous])


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
