"""The seam to MongoDB: the only importer of a driver."""

from chassis.mongo.database import Database, Driver, open_database
from chassis.mongo.errors import Unavailable
from chassis.mongo.identifiers import made_at, opened_at
from chassis.mongo.reads import Reads

__all__ = ["Database", "Driver", "Reads", "Unavailable", "made_at", "open_database", "opened_at"]
