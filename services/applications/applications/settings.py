"""Settings of this service alone, read from the environment."""

from __future__ import annotations

from pathlib import Path

from chassis.settings import Settings as ChassisSettings


class Settings(ChassisSettings):
    person_key_file: Path
    """Keys of the digests by which legal representatives are known; the same file as for assessor-quota."""
