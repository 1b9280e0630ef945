"""E-mail: the only module that knows SMTP."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage

import aiosmtplib

from notify.handlers.ports import SendMail
from notify.settings import Settings


def make_sender(settings: Settings) -> SendMail:
    """Return a sender through one SMTP server, logged in where a user is set; the password is read once, at start."""
    file = settings.smtp_password_file
    password = None if file is None else file.read_text(encoding="utf-8").strip()

    async def send(address: str, title: str, body: str, message_id: str) -> None:
        await aiosmtplib.send(
            _message(settings.smtp_sender, address, title, body, message_id),
            recipients=[address],
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
    """Build the message; a title becomes one line, since a unit's name may hold a line break and a header may not."""
    message = EmailMessage()
    message["From"], message["Subject"] = sender_address, " ".join(title.split())
    message["To"] = Address(addr_spec=address)  # one address, which no sign in it turns into two
    message["Message-ID"] = f"<{message_id}@{sender_address.rpartition('@')[2]}>"
    message.set_content(body)
    return message
