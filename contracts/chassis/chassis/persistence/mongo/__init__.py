"""The seam to MongoDB: the only importer of a driver."""

from chassis.persistence.mongo.database import Database, Driver, open_database
from chassis.persistence.mongo.errors import Unavailable
from chassis.persistence.mongo.object_ids import made_at, opened_at
from chassis.persistence.mongo.reader import Reads

__all__ = ["Database", "Driver", "Reads", "Unavailable", "made_at", "open_database", "opened_at"]
