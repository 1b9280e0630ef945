"""The draw of a batch's lots, of which review publishes the commitment before and the seed after (V7)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from messages.event import Event
from messages.values import Digest, Identifier, Level

Number = Annotated[int, Field(ge=1)]


class DrawCommitted(Event, type="review.batch.draw-committed.v1", subject="batch_id", sharing="public"):
    """The seed of the batch's lots is fixed: panels and site visits are drawn by it, and nobody knows it yet."""

    batch_id: Identifier
    level: Level
    batch_year: int
    number: Number
    """Of the seed; each is revealed with a public notice and followed by the next."""
    commitment: Digest
    committed_on: date


class DrawRevealed(Event, type="review.batch.draw-revealed.v1", subject="batch_id", sharing="public"):
    """The seed is public: everybody can compare it with its commitment and draw the lots again."""

    batch_id: Identifier
    level: Level
    batch_year: int
    number: Number
    commitment: Digest
    seed: Digest
    revealed_on: date
