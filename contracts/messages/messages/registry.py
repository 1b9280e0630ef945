"""Events of the registry service."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from messages.event import FOR_CONCERNED, Event
from messages.records import RecordHeads
from messages.values import AssessorRef, Ban, Digest, Identifier, Level, Reason, Text, UnitRef, Value


class ListLine(Value):
    """One line of an annual list, with the article it rests on and where it comes from (L1)."""

    kind: Literal["addition", "removal", "renaming", "re_evaluation", "star"]
    unit: UnitRef
    article: Text
    source: Identifier
    """The case or decision behind the line."""


class ListClosed(Event, type="registry.list.closed.v1", subject="list_id"):
    """The lines are frozen (L2)."""

    list_id: Identifier
    level: Level
    year: int
    closed_on: date
    lines: int
    held_back: int
    digest: Digest
    """Runs over the digests of the lines in the order of print."""
    rule_set: str
    """Version of the rule set it was decided under (G3)."""


class ListAnnounced(Event, type="registry.list.announced.v1", subject="list_id", sharing="public"):
    """The list takes effect as a whole (L3). Its lines are read page by page, or from the events of its units."""

    list_id: Identifier
    number: int
    """Without gaps, over all lists of the level (L5)."""
    level: Level
    year: int
    document_number: Text
    announced_on: date
    lines: int
    """Their number."""
    lines_digest: Digest
    """Runs over the digests of the lines in the order of print."""
    corrects: int | None = None
    """Number of the announced list that this one corrects (L4)."""
    why: Text | None = None
    digest: Digest
    previous_digest: Digest
    rule_set: str
    """Version of the rule set it was decided under (G3)."""


class UnitListed(Event, type="registry.unit.listed.v1", subject="unit_key", sharing="public"):
    unit_key: Text
    unit: UnitRef
    level: Level
    listed_on: date
    list_number: int
    document_number: Text
    case_id: Identifier
    assessor: Annotated[AssessorRef | None, FOR_CONCERNED] = None
    """Whose report the listing rests on; none where the unit evaluated itself."""


class UnitRemoved(Event, type="registry.unit.removed.v1", subject="unit_key", sharing="public"):
    """Removal and, for its grounds D1 to D5, the ban of three years (Art. 24, 25)."""

    unit_key: Text
    unit: UnitRef
    levels: tuple[Level, ...]
    reasons: tuple[Reason, ...]
    removed_on: date
    document_number: Text
    ban: Ban | None = None
    rule_set: str
    """Version of the rule set it was decided under (G3)."""


class UnitFlagged(Event, type="registry.unit.flagged.v1", subject="unit_key"):
    """The assessor whose report the listing rests on was sanctioned: the unit is to be supervised (Art. 31, S2)."""

    unit_key: Text
    unit: UnitRef
    assessor: AssessorRef
    document_number: Text
    """Of the decision on the assessor."""
    flagged_on: date
    case_id: Identifier
    """The case whose listing rested on the report."""


class UnitFlagLifted(Event, type="registry.unit.flag-lifted.v1", subject="unit_key"):
    """No decision on the assessor holds any more; that there was one stays on record (S4)."""

    unit_key: Text
    unit: UnitRef
    assessor: AssessorRef
    lifted_on: date
    case_id: Identifier


class ListRecordHeadsPublished(
    RecordHeads, Event, type="registry.record.heads-published.v1", subject="service", sharing="internal"
):
    """The heads of this service's records are anchored; another service keeps the digest (V14)."""
