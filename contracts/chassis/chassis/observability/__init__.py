"""Logs, metrics, traces, health, and the gauges of a service's own field."""

from chassis.observability.gauges import DomainGauge

__all__ = [
    "DomainGauge",
]
