"""The simulated clock of the stack, which only goes forward: shown, and moved to try what falls due."""

import re
from datetime import datetime, timedelta

from chassis.clock import ClockError, SimulatedClock, set_simulated
from rulebook import SHANGHAI

from deploy.local.paths import StackPaths

STEP = re.compile(r"\+(\d{1,4})([dhm])")
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


class UnfitInstantError(RuntimeError):
    """The clock cannot be set to that; the message says why."""


def show_or_move(places: StackPaths, to: str | None) -> str:
    """Return the simulated time, after moving it if asked; an instant without a zone is of Shanghai."""
    if not places.clock.exists():
        raise UnfitInstantError(f"there is no clock in {places.folder} yet: make run")
    clock = SimulatedClock(places.clock)
    if to is not None:
        wanted = _instant(to, clock.now())
        try:
            set_simulated(places.clock, wanted)
        except ClockError:
            now = clock.now().astimezone(SHANGHAI)
            raise UnfitInstantError(
                f"the clock stands at {now:%Y-%m-%dT%H:%M:%S%z} and never goes back, because stored data would lie in"
                " the future. An earlier time needs new data: make reset"
            ) from None
    return f"{clock.now().astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S%z}"


def _instant(text: str, now: datetime) -> datetime:
    if step := STEP.fullmatch(text):
        return now + timedelta(**{UNITS[step[2]]: int(step[1])})
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise UnfitInstantError(f"{text!r} is no time: 2026-06-01, 2026-06-01T09:00+08:00, +3d, +12h or +30m") from None
    return given if given.tzinfo else given.replace(tzinfo=SHANGHAI)
