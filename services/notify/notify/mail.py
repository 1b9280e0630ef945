"""E-mail: the only room that knows SMTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import TypeAlias

import aiosmtplib

from notify.settings import MailSettings

Send: TypeAlias = Callable[[str, str, str, str], Awaitable[str | None]]
"""(address, title, body, message id) → the cause of failure, None when the server took it."""


def sender(settings: MailSettings) -> Send:
    """Send through one SMTP server; a failure is answered, never raised."""

    async def send(address: str, title: str, body: str, message_id: str) -> str | None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = settings.smtp_sender, address, title
        message["Message-ID"] = f"<{message_id}@{settings.smtp_sender.rpartition('@')[2]}>"
        message.set_content(body)
        try:
            await aiosmtplib.send(
                message, hostname=settings.smtp_host, port=settings.smtp_port, timeout=settings.smtp_timeout_seconds
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as problem:
            return _cause(problem)
        return None

    return send


def _cause(problem: Exception) -> str:
    """What went wrong without the address it went wrong for: that is personal data."""
    code = getattr(problem, "code", None)
    return type(problem).__name__ if code is None else f"{type(problem).__name__} {code}"
