"""Failpoints: named points in the processing of a message, which fault tests observe; production wires none."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

Point: TypeAlias = Literal["before-commit", "committed-not-acked", "confirmed-not-marked"]


class Failpoints(Protocol):
    def hit(self, point: Point) -> None: ...


class NoFailpoints:
    """Ignores every failpoint; the default in production."""

    def hit(self, point: Point) -> None:
        """Do nothing."""
