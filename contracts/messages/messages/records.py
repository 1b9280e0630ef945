"""The fields by which every owner anchors its records outside its own database (V14, L5)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from messages.values import Digest, Identifier, Value

Count = Annotated[int, Field(ge=0)]


class RecordHeads(Value):
    """The end of an owner's chain of anchors, which binds the heads of all chains of its records.

    Each anchor is a digest over the one before and over the heads that are new since. Whoever keeps the last number and
    digest can say of the next event whether it goes on from there: an owner's database that was rewritten does not. The
    event has one size, however many chains there are.
    """

    service: Identifier
    number: Count
    """Anchors made so far; an event with the number of the one before anchors nothing new."""
    previous_digest: Digest
    """Of the anchor before this one."""
    digest: Digest
    heads: Count
    """Heads that this anchor binds."""
    entries: Count
    """Entries of all records that the last complete verification has read."""
    faults: Count
    """Found by the verification under way, or by the last complete one."""
    at: datetime
