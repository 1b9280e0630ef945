"""What the environment may set for this service."""

from __future__ import annotations

from typing import Annotated

from chassis.settings import Settings
from pydantic import Field


class MailSettings(Settings):
    smtp_host: str = "127.0.0.1"
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 8025
    smtp_sender: Annotated[str, Field(pattern="^[^@ ]+@[^@ ]+$")] = "green@green.invalid"
    smtp_timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
    mails_at_once: Annotated[int, Field(ge=1, le=500)] = 50
    """How many e-mails one look at what is due sends."""
