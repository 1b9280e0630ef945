"""Settings of this service alone."""

from __future__ import annotations

from pathlib import Path

from chassis.settings import Settings as ChassisSettings


class Settings(ChassisSettings):
    person_key_file: Path
    """Keys of the digests that identify legal representatives; the same file as for applications."""
