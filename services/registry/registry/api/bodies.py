"""Request bodies about units."""

from __future__ import annotations

from datetime import date

from chassis.http import Body
from messages.entries import DocumentNumber, EnteredUnit
from messages.values import Level

from registry.domain.removals import Ground


class RemovalBody(Body):
    unit: EnteredUnit
    ground: Ground
    document_number: DocumentNumber
    decided_on: date
    levels: tuple[Level, ...] = ()
    """The levels the document names; left out, all that the unit holds."""
    historic: bool = False
    """A title from before this register, in which there is none to end."""
