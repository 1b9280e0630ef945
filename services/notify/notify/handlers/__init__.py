"""One function for each thing heard or asked: tell, remind, read, remember a contact, record a try."""

from notify.handlers.deliveries import ResendDelivery, record_attempt, resend
from notify.handlers.duties import Remind, track_duty, remind
from notify.handlers.notifications import (
    ReadNotice,
    RemoveContact,
    SetContact,
    Store,
    read_notice,
    recipients_of,
    remove_contact,
    set_contact,
    notify,
    prefetch_keys,
)

__all__ = [
    "ReadNotice",
    "Remind",
    "RemoveContact",
    "ResendDelivery",
    "SetContact",
    "Store",
    "track_duty",
    "read_notice",
    "recipients_of",
    "record_attempt",
    "remind",
    "remove_contact",
    "resend",
    "set_contact",
    "notify",
    "prefetch_keys",
]
