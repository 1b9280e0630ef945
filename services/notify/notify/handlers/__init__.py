"""One function for each thing heard or asked: tell, remind, read, remember a contact, record a try."""

from notify.handlers.deliveries import ResendDelivery, record_attempt, resend
from notify.handlers.duties import Remind, follow_duty, remind
from notify.handlers.notices import (
    ReadNotice,
    RemoveContact,
    SetContact,
    Store,
    read_notice,
    readers,
    remove_contact,
    set_contact,
    tell,
    wanted,
)

__all__ = [
    "ReadNotice",
    "Remind",
    "RemoveContact",
    "ResendDelivery",
    "SetContact",
    "Store",
    "follow_duty",
    "read_notice",
    "readers",
    "record_attempt",
    "remind",
    "remove_contact",
    "resend",
    "set_contact",
    "tell",
    "wanted",
]
