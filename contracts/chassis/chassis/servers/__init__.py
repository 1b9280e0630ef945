"""Private servers as child processes: a RabbitMQ node and a mongod that live in a folder of their own."""

from chassis.servers.admin import BrokerAdmin, MongodAdmin, amqp_url, mongo_url
from chassis.servers.broker import Broker
from chassis.servers.mongod import Mongod
from chassis.servers.processes import MissingServerError, ServerDiedError, free_ports

__all__ = [
    "Broker",
    "BrokerAdmin",
    "MissingServerError",
    "Mongod",
    "MongodAdmin",
    "ServerDiedError",
    "amqp_url",
    "free_ports",
    "mongo_url",
]
