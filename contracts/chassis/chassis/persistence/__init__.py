"""Documents: collections on a unit of work, their indexes, leases and the database driver."""

from chassis.persistence.collections import DocumentCollection, Index
from chassis.persistence.system_collections import FILE_INDEXES
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.persistence.unreadable import UnreadableDocumentError

__all__ = [
    "FILE_INDEXES",
    "DocumentCollection",
    "Index",
    "UnitOfWork",
    "UnreadableDocumentError",
]
