"""Dashboards as code: one list of panels for each service, written for Grafana and as a page of Prometheus itself."""
