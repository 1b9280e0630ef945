"""A clock that a test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FixedClock:
    """Shows the same instant until a test moves it."""

    def __init__(self, instant: datetime) -> None:
        self.move_to(instant)

    def now(self) -> datetime:
        return self._instant

    def move_to(self, instant: datetime) -> None:
        """Show ``instant`` from now on; raises ValueError where it names no time zone."""
        if instant.tzinfo is None:
            raise ValueError(f"{instant.isoformat()} names no time zone")
        self._instant = instant.astimezone(UTC)

    def advance(self, span: timedelta) -> None:
        self._instant += span
