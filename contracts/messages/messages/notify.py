"""Events of the notify service, for operators."""

from __future__ import annotations

from typing import Literal

from messages.event import Event
from messages.values import Identifier, Role, Text

Channel = Literal["inbox", "email"]


class NoticeDelivered(Event, type="notify.notice.delivered.v1", subject="notice_id", sharing="internal"):
    notice_id: Identifier
    channel: Channel
    role: Role
    template: Identifier


class NoticeFailed(Event, type="notify.notice.failed.v1", subject="notice_id", sharing="internal"):
    """Every try of a channel failed; the notice is parked and can be sent again (N2)."""

    notice_id: Identifier
    channel: Channel
    role: Role
    template: Identifier
    attempts: int
    cause: Text
