"""A service: its definition, and the process that runs it."""

from chassis.runtime.entrypoint import run
from chassis.runtime.service import ServiceDefinition

__all__ = [
    "ServiceDefinition",
    "run",
]
