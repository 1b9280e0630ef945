"""The seed of a batch's lots: fixed by a published commitment before any lot is drawn, and revealed after them (V7).

Whoever triggers a draw knows the seed no better than a stranger, and nobody can exchange it: its commitment is public
from the day the first case of the batch is forwarded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from messages.digests import canonical_digest
from messages.review import DrawCommitted, DrawRevealed
from messages.values import Level

from review.domain.ranking import Batch, batch_id


@dataclass(frozen=True)
class RevealedDraw:
    """A seed that is public: whoever has it can draw every lot of its time again."""

    batch: str
    number: int
    seed: str
    commitment: str
    committed_on: date
    revealed_on: date

    @property
    def key(self) -> str:
        return f"{self.batch}-{self.number:03d}"


def commitment_of(seed: str) -> str:
    """Return the digest that is published before the draw: it fixes the seed and does not tell it."""
    return canonical_digest(["draw", seed])


def begin_batch(level: Level, batch_year: int, seed: str, today: date) -> tuple[Batch, DrawCommitted]:
    """Begin a batch with its first forwarded case; ``seed`` is fresh from the system's generator."""
    batch = Batch(batch_id(level, batch_year), level, batch_year, seed, today)
    return batch, _committed(batch)


def _committed(batch: Batch) -> DrawCommitted:
    return DrawCommitted(
        batch_id=batch.batch_id,
        level=batch.level,
        batch_year=batch.batch_year,
        number=batch.draw,
        commitment=commitment_of(batch.seed),
        committed_on=batch.committed_on,
    )


def reveal(batch: Batch, next_seed: str, today: date) -> tuple[Batch, RevealedDraw, tuple[DrawRevealed, DrawCommitted]]:
    """Reveal the seed and commit to the next one: cases that come later are drawn by a seed that nobody knows."""
    shown = RevealedDraw(batch.batch_id, batch.draw, batch.seed, commitment_of(batch.seed), batch.committed_on, today)
    following = replace(batch, seed=next_seed, draw=batch.draw + 1, committed_on=today)
    revealed = DrawRevealed(
        batch_id=batch.batch_id,
        level=batch.level,
        batch_year=batch.batch_year,
        number=shown.number,
        commitment=shown.commitment,
        seed=shown.seed,
        revealed_on=today,
    )
    return following, shown, (revealed, _committed(following))
