"""Settings of this service alone, beside those of the chassis."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from chassis.settings import Check
from chassis.settings import Settings as ChassisSettings
from pydantic import Field, FilePath, ValidationInfo, field_validator


def sender_fault(address: str) -> str | None:
    """Return what is wrong with the sender of e-mails."""
    return "this sender is invented: name the office's address" if address.endswith(".invalid") else None


def smtp_tls_fault(tls: str) -> str | None:
    """Return what is wrong with the encryption: ``opportunistic`` leaves it to whoever answers."""
    return "e-mails and the password may go in clear: set starttls or implicit" if tls == "opportunistic" else None


def password_file_fault(file: Path | None) -> str | None:
    """Return what is wrong with the file of a password."""
    is_empty = file is not None and not file.read_text(encoding="utf-8").strip()
    return "the file holds no password: write the password of GREEN_SMTP_USER into it" if is_empty else None


class Settings(ChassisSettings):
    REFUSED_IN_PRODUCTION: ClassVar[Mapping[str, Check]] = MappingProxyType(
        {
            **ChassisSettings.REFUSED_IN_PRODUCTION,
            "smtp_sender": sender_fault,
            "smtp_tls": smtp_tls_fault,
            "smtp_password_file": password_file_fault,
        }
    )

    smtp_host: str = "127.0.0.1"
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 8025
    smtp_sender: Annotated[str, Field(pattern="^[^@ ]+@[^@ ]+$")] = "green@green.invalid"
    smtp_tls: Literal["opportunistic", "starttls", "implicit"] = "starttls"
    """``starttls`` and ``implicit`` send nothing in clear; ``opportunistic`` is for the local stack."""
    smtp_user: str | None = None
    """None: the server takes mail from this network without a login."""
    smtp_password_file: FilePath | None = None
    """A file that holds the password of ``smtp_user`` and nothing else."""
    smtp_timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
    mail_batch_size: Annotated[int, Field(ge=1, le=500)] = 50
    """E-mails sent by one poll of the job."""

    @field_validator("smtp_password_file")
    @classmethod
    def _require_user_and_password(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) is not (info.data.get("smtp_user") is None):
            raise ValueError("name the user and the file with the password, or neither")
        return value
