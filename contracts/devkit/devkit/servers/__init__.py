"""Private servers as child processes, each in its own folder, and the administration of any server."""

from devkit.servers.admin import BrokerAdmin, MongodAdmin
from devkit.servers.broker import Broker
from devkit.servers.mongod import Mongod
from devkit.servers.processes import (
    MissingServerError,
    PortTakenError,
    ServerDiedError,
    UnfitServerError,
    free_ports,
)

__all__ = [
    "Broker",
    "BrokerAdmin",
    "MissingServerError",
    "Mongod",
    "MongodAdmin",
    "PortTakenError",
    "ServerDiedError",
    "UnfitServerError",
    "free_ports",
]
