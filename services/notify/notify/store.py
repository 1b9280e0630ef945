"""Documents of this service: notices, contacts, deliveries, and the duties it reminds of."""

from __future__ import annotations

from chassis.anchoring import ReceivedAnchor
from chassis.persistence import DocumentCollection, Index, UnitOfWork

from notify.domain.contacts import Contact
from notify.domain.notification import Delivery, Notification
from notify.domain.reminders import DutyReminder
from notify.templates import JinjaTemplates

AGGREGATES = {"notice": "notices"}
RETENTION_DAYS = 3 * 366
"""Read notices go after three years, the length of a cycle (Art. 18)."""

INDEXES = (
    Index("notices", (("reader", 1), ("at", -1), ("_id", 1))),
    Index("notices", (("reader", 1), ("read_at", 1), ("at", -1), ("_id", 1))),
    Index("notices", (("subject", 1), ("at", 1), ("_id", 1))),
    Index("notices", (("saved", 1),), ttl_seconds=RETENTION_DAYS * 86400),
    Index("deliveries", (("state", 1), ("next_at", 1), ("_id", 1))),
    Index("deliveries", (("state", 1), ("_id", 1))),
    Index("deliveries", (("state", 1), ("attempts", 1), ("_id", 1))),
    Index("duty_reminders", (("next_on", 1), ("_id", 1))),
)


class Store:
    def __init__(self, unit: UnitOfWork) -> None:
        self.notices = DocumentCollection(unit, "notices", Notification)
        self.contacts = DocumentCollection(unit, "contacts", Contact)
        self.deliveries = DocumentCollection(unit, "deliveries", Delivery)
        self.duty_reminders = DocumentCollection(unit, "duty_reminders", DutyReminder)
        self.received_anchors = DocumentCollection(unit, "received_anchors", ReceivedAnchor)
        self.templates = JinjaTemplates()
