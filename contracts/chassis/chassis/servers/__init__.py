"""Private servers as child processes, each in a folder of its own, and the administrators of any."""

from chassis.servers.admin import BrokerAdmin, MongodAdmin
from chassis.servers.broker import Broker
from chassis.servers.mongod import Mongod
from chassis.servers.processes import MissingServerError, ServerDiedError, UnfitServerError, free_ports

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
