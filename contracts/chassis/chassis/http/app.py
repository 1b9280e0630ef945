"""The application of a service: its router with health, metrics, problem documents, limits and OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from prometheus_fastapi_instrumentator import Instrumentator

from chassis.http import audit_routes
from chassis.http.admission import PROBE_PATHS, AdmissionMiddleware
from chassis.http.endpoint import ApiContext
from chassis.http.middleware import BodyLimit, BodySizeLimitMiddleware, CorrelationMiddleware
from chassis.http.openapi import document
from chassis.http.problems import PROBLEMS, install_problem_handlers
from chassis.http.spool import UploadSpool
from chassis.observability import health
from chassis.observability.health import Health
from chassis.observability.metrics import Metrics
from chassis.observability.tracing import NO_TRACING, Tracing
from chassis.settings import MAX_REQUESTS_IN_FLIGHT, MIB

_NO_FRAMEWORK_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""The framework's own spans contain paths and queries, hence ids and names; ours are named by route."""


def create_app(  # noqa: PLR0913 - the parts of an application
    name: str,
    api: ApiContext | None,
    routes: APIRouter | None,
    *,
    health_of: Health,
    metrics: Metrics,
    body_max: int = MIB,
    body_limits: Sequence[BodyLimit] = (),
    max_in_flight: int = MAX_REQUESTS_IN_FLIGHT,
    state: Mapping[str, object] = MappingProxyType({}),
    tracing: Tracing = NO_TRACING,
    spool: UploadSpool | None = None,
) -> FastAPI:
    """Build the application; without ``routes`` it serves health and metrics only.

    It sends no CORS headers, so that browsers refuse pages of other origins.
    """
    app = FastAPI(title=name, version="1", docs_url=None, redoc_url=None, telemetry=_NO_FRAMEWORK_TELEMETRY)
    app.include_router(health.router(health_of))
    if routes is not None:
        app.include_router(routes, responses=PROBLEMS)
    if api is not None:
        app.state.api = api
        app.include_router(audit_routes.router, responses=PROBLEMS)
    app.state.spool = spool or UploadSpool()
    for key, value in state.items():
        setattr(app.state, key, value)
    install_problem_handlers(app)
    _add_middleware(app, metrics, body_max, body_limits)
    app.add_middleware(CorrelationMiddleware, tracing=tracing)
    app.add_middleware(AdmissionMiddleware, limit=max_in_flight, metrics=metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's documented way to extend it
    return app


def _add_middleware(app: FastAPI, metrics: Metrics, body_max: int, body_limits: Sequence[BodyLimit]) -> None:
    """Add body limit and metrics; the caller adds correlation and tracing around both."""
    app.add_middleware(BodySizeLimitMiddleware, default=body_max, limits=body_limits)
    instrumentator = Instrumentator(registry=metrics.registry, excluded_handlers=[*PROBE_PATHS])
    instrumentator.instrument(app).expose(app, include_in_schema=False)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = document(app)
    return app.openapi_schema
