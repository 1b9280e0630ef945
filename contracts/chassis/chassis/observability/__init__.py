"""Logs, metrics, gauges, traces and health checks."""
