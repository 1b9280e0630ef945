"""Request bodies about units."""

from __future__ import annotations

from typing import Annotated

from chassis.http import Body, Day
from messages.entries import DocumentNumber, EnteredUnit
from messages.values import Level
from pydantic import Field

from registry.domain.removals import Ground


class RemovalBody(Body):
    unit: EnteredUnit
    ground: Ground
    document_number: DocumentNumber
    decided_on: Day
    levels: Annotated[tuple[Level, ...], Field(max_length=6)] = ()
    """The levels the document names; left out, all that the unit holds."""
    historic: bool = False
    """A title from before this register, in which there is none to end."""
