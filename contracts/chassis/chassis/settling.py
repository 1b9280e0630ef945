"""Settling: bring those whom a stored fact concerns to its newest word, though nobody writes a shared document.

A fact about one thing that concerns many (a sanction, a ban) is stored once. Who is made later reads the fact in its
own transaction. Two transactions at once can miss each other: the fact does not see the new one, and the new one not
the fact (write skew). So a job goes round twice: at once, and again when every transaction that read before the fact
was stored has ended. The time counts from the first round, which has read the fact as stored, and not from the moment
its handler ran: the fact's own transaction may have taken as long as any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

MAX_SNAPSHOT_AGE = timedelta(seconds=20)
"""A transaction whose documents were read longer ago is not committed but runs again."""
SERVER_TRANSACTION_LIMIT = timedelta(seconds=60)
"""MongoDB's ``transactionLifetimeLimitSeconds``; an installation may shorten it, never lengthen."""
LONGEST_TRANSACTION = MAX_SNAPSHOT_AGE + SERVER_TRANSACTION_LIMIT
"""From the reading of a document to the end of the transaction that rests on it, at most."""


@dataclass(frozen=True)
class Settling:
    """The rounds still to be made for one fact; stored in the document of the fact."""

    due: datetime | None = None
    """When the next round is due; None when everybody knows the newest word."""
    first_round: datetime | None = None
    """When the first round since the fact last changed was made; None before it."""
    rounds: int = 0
    """The number of rounds begun: it makes the key of each round another."""

    def begin(self, now: datetime) -> Self:
        """Go round at once; the fact has changed."""
        return replace(self, due=now, first_round=None, rounds=self.rounds + 1)

    def after_round(self, now: datetime, *, more: bool) -> Self:
        """Return what is left after a round at ``now``; ``more``: it left some of those concerned for the next one."""
        first = self.first_round or now
        again = first + LONGEST_TRANSACTION
        due = now if more else again if now < again else None
        return replace(self, due=due, first_round=first, rounds=self.rounds + 1)
