"""The applications of a process: the service's routes, and apart from them the machines' routes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import orjson
from fastapi import FastAPI, Response
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from prometheus_fastapi_instrumentator import Instrumentator

from chassis.http import audit_routes
from chassis.http.admission import AdmissionMiddleware
from chassis.http.body_room import BodyRoom
from chassis.http.conditional import ConditionalMiddleware
from chassis.http.contents import Contents
from chassis.http.endpoint import ApiContext
from chassis.http.files import Downloads
from chassis.http.methods import methods_of
from chassis.http.middleware import BodyRefusalMiddleware, CorrelationMiddleware, DoorMiddleware
from chassis.http.openapi import document
from chassis.http.problems import PROBLEMS, install_problem_handlers
from chassis.http.routing import APIRouter
from chassis.http.spool import UploadSpool
from chassis.observability import health
from chassis.observability.health import Health
from chassis.observability.metrics import Metrics
from chassis.observability.tracing import NO_TRACING, Tracing
from chassis.settings import MAX_REQUESTS_IN_FLIGHT, MIB

_NO_FRAMEWORK_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""The framework's own spans contain paths and queries, hence ids and names; ours are named by route."""
_BARE: dict[str, Any] = {
    "docs_url": None,
    "redoc_url": None,
    "openapi_url": None,
    # A redirect would name the host that the caller invented.
    "redirect_slashes": False,
    "telemetry": _NO_FRAMEWORK_TELEMETRY,
}


def create_app(  # noqa: PLR0913 - the parts of an application
    name: str,
    api: ApiContext,
    routes: APIRouter,
    *,
    metrics: Metrics,
    body_max: int = MIB,
    max_in_flight: int = MAX_REQUESTS_IN_FLIGHT,
    state: Mapping[str, object] = MappingProxyType({}),
    tracing: Tracing = NO_TRACING,
    spool: UploadSpool | None = None,
) -> FastAPI:
    """Build the application of the service's routes; a route that takes larger bodies says so (``max_body_size``).

    It sends no CORS headers, so that browsers refuse pages of other origins.
    """
    app = FastAPI(title=name, generate_unique_id_function=_operation_id, **_BARE)
    app.include_router(routes, responses=PROBLEMS, max_body_size=body_max)
    app.state.api = api
    app.state.contents = Contents()
    app.state.bodies = BodyRoom()
    app.state.downloads = Downloads()
    app.state.spool = spool or UploadSpool()
    app.include_router(audit_routes.router, responses=PROBLEMS, max_body_size=body_max)
    for key, value in state.items():
        setattr(app.state, key, value)
    install_problem_handlers(app)
    app.add_middleware(BodyRefusalMiddleware)
    app.add_middleware(ConditionalMiddleware)
    measure_requests(app, metrics)
    app.add_middleware(CorrelationMiddleware, tracing=tracing)
    app.add_middleware(AdmissionMiddleware, limit=max_in_flight, metrics=metrics)
    app.add_middleware(DoorMiddleware, methods_of=partial(methods_of, app.routes))
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's documented way to extend it
    return app


def measure_requests(app: FastAPI, metrics: Metrics) -> None:
    """Count and time the requests to ``app`` by method, route and status."""
    Instrumentator(registry=metrics.registry).instrument(app)


def create_monitoring_app(name: str, *, health_of: Health, metrics: Metrics, documented: FastAPI | None) -> FastAPI:
    """Build the application of the machines' routes: health, metrics, and the interface of ``documented``.

    It is served on a port of its own, which nobody outside reaches.
    """
    app = FastAPI(title=f"{name} monitoring", **_BARE)
    app.include_router(health.router(health_of))
    Instrumentator(registry=metrics.registry).expose(app, include_in_schema=False)
    if documented is not None:

        @app.get("/openapi.json")
        def show_interface() -> Response:
            return Response(orjson.dumps(documented.openapi()), media_type="application/json")

    install_problem_handlers(app)
    app.add_middleware(DoorMiddleware, methods_of=partial(methods_of, app.routes))
    return app


def _operation_id(route: APIRoute) -> str:
    """Return the imperative name of the route's function, which no other route of the service has."""
    return route.name


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = document(app)
    return app.openapi_schema
