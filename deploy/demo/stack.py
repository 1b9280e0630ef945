"""Where the running stack is: addresses, key folder and clock file, as its launcher wrote them down."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Stack(BaseModel):
    """What a season needs to know of the stack; the launcher may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    services: dict[str, str]
    """Name → address."""
    keys: Path
    """Folder of the development issuer."""
    clock: Path
    """The shared setting of the simulated clock."""

    @classmethod
    def read(cls, file: Path) -> Stack:
        return cls.model_validate_json(file.read_text("utf-8"))
