"""E-mail: the only room that knows SMTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import TypeAlias

import aiosmtplib

from notify.settings import Settings

Send: TypeAlias = Callable[[str, str, str, str], Awaitable[None]]
"""(address, title, body, message id); raises whatever keeps the server from taking it."""


def make_sender(settings: Settings) -> Send:
    """Send through one SMTP server, under its user's name where one is set; the password is read once, at start."""
    file = settings.smtp_password_file
    password = None if file is None else file.read_text(encoding="utf-8").strip()

    async def send(address: str, title: str, body: str, message_id: str) -> None:
        await aiosmtplib.send(
            _message(settings.smtp_sender, address, title, body, message_id),
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=password,
            use_tls=settings.smtp_tls == "implicit",
            start_tls=None if settings.smtp_tls == "opportunistic" else settings.smtp_tls == "starttls",
            timeout=settings.smtp_timeout_seconds,
        )

    return send


def _message(sender_address: str, address: str, title: str, body: str, message_id: str) -> EmailMessage:
    """A header is one line: a unit's name may hold another."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender_address, address, " ".join(title.split())
    message["Message-ID"] = f"<{message_id}@{sender_address.rpartition('@')[2]}>"
    message.set_content(body)
    return message
