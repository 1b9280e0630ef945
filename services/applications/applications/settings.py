"""What the environment sets for this service alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from chassis.settings import MIB
from chassis.settings import Settings as ChassisSettings
from pydantic import Field


class Settings(ChassisSettings):
    files_dir: Path
    """Where uploaded files are kept; shared by all processes of the service."""
    person_key_file: Path
    """Keys of the digests by which legal representatives are known; the same file as for assessor-quota."""
    upload_max_bytes: Annotated[int, Field(ge=MIB)] = 20 * MIB
    """For one uploaded file; what is larger is refused while it streams in."""
