"""What this service keeps: notices, contacts, deliveries, and the deadlines it reminds of."""

from __future__ import annotations

from chassis.persistence.collections import DocumentCollection, Index
from chassis.persistence.unit_of_work import UnitOfWork

from notify.domain.notification import Contact, Delivery, Notification
from notify.domain.reminders import DutyReminder

AGGREGATES = {"notice": "notices"}
KEPT_DAYS = 3 * 366
"""Read notices go after three years, the length of a cycle (Art. 18)."""

INDEXES = (
    Index("notices", (("role", 1), ("organisation", 1), ("prefecture", 1), ("person", 1), ("at", -1))),
    Index("notices", (("saved", 1),), ttl_seconds=KEPT_DAYS * 86400),
    Index("deliveries", (("state", 1), ("next_at", 1))),
    Index("deadlines", (("next_on", 1),)),
)


class Store:
    def __init__(self, unit: UnitOfWork) -> None:
        self.notices = DocumentCollection(unit, "notices", Notification)
        self.contacts = DocumentCollection(unit, "contacts", Contact)
        self.deliveries = DocumentCollection(unit, "deliveries", Delivery)
        self.deadlines = DocumentCollection(unit, "deadlines", DutyReminder)
