"""Private servers as child processes, each in a folder of its own, and the administrators of any."""

from chassis.devservers.admin import BrokerAdmin, MongodAdmin
from chassis.devservers.broker import Broker
from chassis.devservers.mongod import Mongod
from chassis.devservers.processes import MissingServerError, ServerDiedError, UnfitServerError, free_ports

__all__ = [
    "Broker",
    "BrokerAdmin",
    "MissingServerError",
    "Mongod",
    "MongodAdmin",
    "ServerDiedError",
    "UnfitServerError",
    "free_ports",
]
