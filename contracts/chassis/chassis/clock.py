"""The only module that reads the time: from the system or a simulation."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from chassis.settings import Mode, Settings


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - this module alone reads the time


class ClockError(Exception):
    """The simulated clock cannot be read, may not be used, or would run backwards."""


class SimulatedClock:
    """Runs at real speed from an instant that a shared file sets.

    It reads the file again whenever that was replaced, so that all processes of a stack jump together. It goes back
    only if the file is set back, which ``set_simulated`` does on request alone.
    """

    def __init__(self, file: Path, real: Clock | None = None) -> None:
        self._file = file
        self._real = real or SystemClock()
        self._file_version: tuple[int, int] | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        status = self._status()
        version = (status.st_ino, status.st_mtime_ns)
        if version != self._file_version:
            simulated, anchored = _read(self._file)
            self._offset, self._file_version = simulated - anchored, version
        return self._real.now() + self._offset

    def _status(self) -> os.stat_result:
        try:
            return self._file.stat()
        except FileNotFoundError:
            raise ClockError(f"{self._file} is missing: set the simulated clock first") from None


def set_simulated(file: Path, instant: datetime, *, real: Clock | None = None, allow_backwards: bool = False) -> None:
    """Replace the shared setting atomically, so that no reader sees half of it.

    Raises ``ClockError`` when ``instant`` is before the simulated present, unless ``allow_backwards``: stored data
    would then lie in the future.
    """
    real = real or SystemClock()
    anchored = real.now()
    if file.exists() and not allow_backwards and _utc(instant) < SimulatedClock(file, real).now():
        raise ClockError(f"{instant.isoformat()} is before the simulated present")
    content = json.dumps({"simulated": _utc(instant).isoformat(), "anchored": anchored.isoformat()})
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(content)
    Path(draft).replace(file)


def clock_of(settings: Settings) -> Clock:
    """Return the clock that the settings name; raises ``ClockError`` for a simulated one in production mode."""
    if settings.clock_file is None:
        return SystemClock()
    if settings.mode is Mode.PRODUCTION:
        raise ClockError("the simulated clock is refused in production mode")
    return SimulatedClock(settings.clock_file)


def _read(file: Path) -> tuple[datetime, datetime]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return _utc(datetime.fromisoformat(content["simulated"])), _utc(datetime.fromisoformat(content["anchored"]))
    except (ValueError, KeyError, TypeError) as problem:
        raise ClockError(f"{file} does not describe a simulated clock: {problem!r}") from problem


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} names no time zone")
    return instant.astimezone(UTC)
