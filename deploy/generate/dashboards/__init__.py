"""Dashboard as code: one list of panels with the service as variable, for Grafana and as a page of Prometheus."""
