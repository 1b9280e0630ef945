"""The seam to MongoDB: the only importer of a driver."""

from chassis.persistence.mongo.database import Database, Driver, open_database
from chassis.persistence.mongo.errors import DatabaseUnavailableError
from chassis.persistence.mongo.object_ids import created_at_of, first_object_id_at
from chassis.persistence.mongo.reader import Reader

__all__ = [
    "Database",
    "DatabaseUnavailableError",
    "Driver",
    "Reader",
    "created_at_of",
    "first_object_id_at",
    "open_database",
]
