"""Settings of this service alone, beside those of the chassis."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from chassis.settings import Mode
from chassis.settings import Settings as ChassisSettings
from pydantic import Field, FilePath, ValidationInfo, field_validator


class Settings(ChassisSettings):
    smtp_host: str = "127.0.0.1"
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 8025
    smtp_sender: Annotated[str, Field(pattern="^[^@ ]+@[^@ ]+$")] = "green@green.invalid"
    smtp_tls: Literal["opportunistic", "starttls", "implicit"] = "opportunistic"
    """``starttls`` and ``implicit`` send nothing in clear; a password in production is given over these only."""
    smtp_user: str | None = None
    """None: the server takes mail from this network without a login."""
    smtp_password_file: FilePath | None = None
    """A file that holds the password of ``smtp_user`` and nothing else."""
    smtp_timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
    mail_batch_size: Annotated[int, Field(ge=1, le=500)] = 50
    """E-mails sent by one poll of the job."""

    @field_validator("smtp_sender")
    @classmethod
    def _require_real_sender(cls, value: str, info: ValidationInfo) -> str:
        if value.endswith(".invalid") and info.data.get("mode") is Mode.PRODUCTION:
            raise ValueError("name the sender of e-mails in production mode")
        return value

    @field_validator("smtp_user")
    @classmethod
    def _require_tls_for_password(cls, value: str | None, info: ValidationInfo) -> str | None:
        in_clear = info.data.get("smtp_tls") == "opportunistic" and info.data.get("mode") is Mode.PRODUCTION
        if value is not None and in_clear:
            raise ValueError("with a user name GREEN_SMTP_TLS starttls or implicit in production mode")
        return value

    @field_validator("smtp_password_file")
    @classmethod
    def _require_user_and_password(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) is not (info.data.get("smtp_user") is None):
            raise ValueError("name the user and the file with the password, or neither")
        return value
