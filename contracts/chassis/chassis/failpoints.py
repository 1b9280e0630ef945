"""Named points on the way of a message, for an observer that a test wires in; production wires none."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

Point: TypeAlias = Literal["before-commit", "committed-not-acked", "confirmed-not-marked"]


class Failpoints(Protocol):
    def hit(self, point: Point) -> None: ...


class NoFailpoints:
    """Observes nothing."""

    def hit(self, point: Point) -> None:
        """Go on."""
