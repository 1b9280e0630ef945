"""Logs, metrics, traces, health and domain gauges."""

from chassis.observability.gauges import DomainGauge

__all__ = [
    "DomainGauge",
]
