"""One function for each thing heard or asked: tell, remind, read, remember a contact, record a try."""

from notify.handlers.deliveries import ResendDelivery, record_attempt, resend
from notify.handlers.duties import Remind, remind, track_duty
from notify.handlers.notifications import (
    ReadNotice,
    RemoveContact,
    SetContact,
    Store,
    notify,
    prefetch_keys,
    read_notice,
    recipients_of,
    remove_contact,
    set_contact,
)

__all__ = [
    "ReadNotice",
    "Remind",
    "RemoveContact",
    "ResendDelivery",
    "SetContact",
    "Store",
    "notify",
    "prefetch_keys",
    "read_notice",
    "recipients_of",
    "record_attempt",
    "remind",
    "remove_contact",
    "resend",
    "set_contact",
    "track_duty",
]
