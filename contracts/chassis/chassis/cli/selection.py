"""Which parked messages a command means, and how they are shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import wraps
from textwrap import shorten, wrap
from typing import Any

import click

from chassis.cli.database import Command, Instant
from chassis.handling import Document
from chassis.inbox.parking_lot import ParkingLot

WIDTH = 80
INDENT = " " * 4
REASON_LENGTH = 2 * (WIDTH - len(INDENT))
KIND_LENGTH = 60
"""Characters of a reason by which messages are counted together: what follows names the single message."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Selection:
    """Filters of one command; a message must fit all that are given."""

    event_type: str | None = None
    queue: str | None = None
    reason: str | None = None
    since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        return self == Selection()

    def fits(self, row: Mapping[str, Any]) -> bool:
        return (
            (self.event_type is None or fnmatchcase(row["type"], self.event_type))
            and (self.queue is None or row.get("queue") == self.queue)
            and (self.reason is None or self.reason.casefold() in row["reason"].casefold())
        )

    async def rows(self, parking_lot: ParkingLot, states: Sequence[str]) -> list[Document]:
        """Return the messages that fit, oldest first."""
        found = [row async for row in parking_lot.rows(states, self.since) if self.fits(row)]
        return sorted(found, key=lambda row: (row["first_at"], row["_id"]))


_OPTIONS: Sequence[Callable[[Command], Command]] = (
    click.option("--since", type=Instant(), help="First parked at or after this instant; UTC without a zone."),
    click.option("--reason", help="Words that the reason contains."),
    click.option("--queue", help="Queue it came from, for example review.applications."),
    click.option("--type", "event_type", help="Event type; * stands for any text: 'registry.*'."),
)


def selecting(command: Command) -> Command:
    """Add the options of a selection, which the command receives as ``selection``."""

    @wraps(command)
    def call(
        *,
        event_type: str | None,
        queue: str | None,
        reason: str | None,
        since: datetime | None,
        **options: Any,  # noqa: ANN401 - the command's own
    ) -> Any:  # noqa: ANN401 - the command's own
        return command(selection=Selection(event_type, queue, reason, since), **options)

    with_options: Command = call
    for option in _OPTIONS:
        with_options = option(with_options)
    return with_options


def described(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of one message, whole ids among them, readable at 80 characters."""
    yield f"{row['_id']}  {row['state']}, {row['attempts']} attempts, since {row['first_at']:%Y-%m-%dT%H:%MZ}"
    yield f"{INDENT}{row['type']}"
    yield f"{INDENT}{printable(row['event_id'])}"
    yield from wrap(printable(reason_of(row, REASON_LENGTH)), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)


def counted(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """Return how many there are of each queue, type and kind of reason, the most frequent first."""
    kinds = Counter((row.get("queue") or "", row["type"], reason_of(row, KIND_LENGTH)) for row in rows)
    return [
        {"count": count, "queue": queue, "type": event_type, "reason": printable(reason)}
        for (queue, event_type, reason), count in kinds.most_common()
    ]


def reason_of(row: Mapping[str, Any], length: int) -> str:
    return shorten(row["reason"], length, placeholder=" …") or "-"


def printable(text: str) -> str:
    """Return a text of others without what a terminal would obey."""
    return _UNPRINTABLE.sub(" ", text)
