"""The running stack: addresses, key folder and clock file, as its launcher describes them."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Stack(BaseModel):
    """Part of the launcher's description that the demo needs."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    services: dict[str, str]
    """Name → address."""
    monitoring: dict[str, str]
    """Name → address of health and metrics."""
    keys: Path
    """Folder of the development issuer."""
    clock: Path
    """File of the simulated clock, shared by all services."""
    mail: Path
    """Folder of the e-mails that were sent."""

    @classmethod
    def read(cls, file: Path) -> Stack:
        return cls.model_validate_json(file.read_text("utf-8"))
