"""Acts that make a list or announce it: carried on in steps, each in a commit of its own, until done or withdrawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from messages.values import Level

from registry.domain.chain import GENESIS


class ActKind(StrEnum):
    CLOSE = "close"
    ANNOUNCE = "announce"


class ActState(StrEnum):
    PREPARING = "preparing"
    """It checks and writes; nobody sees anything of it yet."""
    APPLYING = "applying"
    """It has taken effect as a whole; what follows from it is still being written."""
    WITHDRAWING = "withdrawing"
    """Something no longer holds: what it wrote is removed again, unseen."""
    DONE = "done"
    REFUSED = "refused"

    @property
    def over(self) -> bool:
        return self in {ActState.DONE, ActState.REFUSED}


class ActPart(StrEnum):
    """The part of its preparation that an act is at."""

    LINES = "lines"
    """Checks the lines of a closed list; an announcement prepares what they change as well."""
    CASES = "cases"
    """Composes: cases on their way to the list."""
    REMOVALS = "removals"
    """Composes: removals of the year."""


@dataclass(frozen=True)
class ListAct:
    """One act on one list; there is at most one under way at a level."""

    act_id: str
    kind: ActKind
    list_id: str
    level: Level
    year: int
    day: date
    """The day of its check and, for an announcement, of its effect."""
    state: ActState = ActState.PREPARING
    part: ActPart = ActPart.LINES
    step: int = 0
    """Steps taken: each is one work item with a key of its own, so that no step has its effect twice."""
    done: int = 0
    """Lines that the present state and part have dealt with."""
    total: int = 0
    edition: str | None = None
    """The closing whose lines it checks or announces; for a closing, the one it replaces."""
    held_back: int = 0
    """Cases held back, or found struck; each is a row of its own."""
    code: str | None = None
    """Why it was refused."""

    place: str = ""
    """The last place in print that was dealt with."""
    counts: dict[str, int] | None = None
    lines_digest: str = GENESIS

    document_number: str | None = None
    number: int = 0
    """The number the list gets."""
    checks_only: bool = False
    """A line did not hold: all are checked, so that every unit concerned is named, and nothing more is prepared."""
    prepared: int = 0
    """Lines whose changes are prepared, and removed again when it is withdrawn."""
    again: bool = False
    """It begins anew once withdrawn: the day passed before it took effect."""

    @property
    def over(self) -> bool:
        return self.state.over

    @property
    def next_lines_are_others(self) -> bool:
        """Whether the next step takes further lines, and so does not rest on the rows that the last one wrote."""
        preparing = self.state is ActState.PREPARING and not self.checks_only and self.done < self.total
        return self.kind is ActKind.ANNOUNCE and (preparing or self.state is ActState.APPLYING)

    def stepped(self, **changes: Any) -> ListAct:  # noqa: ANN401 - each is a field, as in ``replace``
        """Return the act after one more step."""
        return replace(self, step=self.step + 1, **changes)


@dataclass(frozen=True)
class ActRef:
    """The reply to a command that begins an act, or finds that there is nothing left to do."""

    list_id: str
    act_id: str | None
