"""The application around a service's router: health, metrics, problems, limits and a complete OpenAPI document."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from prometheus_fastapi_instrumentator import Instrumentator

from chassis import health
from chassis.edge import BodyLimit, Correlation
from chassis.health import Health
from chassis.http import Gate
from chassis.idempotency import IDEMPOTENCY_KEY
from chassis.metrics import Metrics
from chassis.problems import PROBLEMS, Problem, answer_problems
from chassis.settings import MIB

_COMMANDS = ("post", "put", "patch", "delete")
_PARAMETER: dict[str, Any] = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": True,
    "description": "Chosen by the caller; the same key with the same request is done once",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}


def create_app(  # noqa: PLR0913 - the parts of an application, each a word of its own
    name: str,
    gate: Gate | None,
    routes: APIRouter | None,
    *,
    health_of: Health,
    metrics: Metrics,
    body_max: int = MIB,
) -> FastAPI:
    """Build the application; without ``routes`` it answers for health and metrics only.

    Answers are same-origin: no CORS headers are sent, so that browsers refuse foreign pages.
    """
    app = FastAPI(title=name, version="1", docs_url=None, redoc_url=None)
    app.include_router(health.router(health_of))
    if routes is not None:
        app.include_router(routes, responses=PROBLEMS)
    answer_problems(app)
    _wrap(app, metrics, body_max, gate)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's documented way to extend it
    return app


def _wrap(app: FastAPI, metrics: Metrics, body_max: int, gate: Gate | None) -> None:
    """Outermost last: correlation, then measuring, then the limit on bodies."""
    app.add_middleware(BodyLimit, usual=body_max, wider=gate.wider_bodies if gate else ())
    instrumentator = Instrumentator(registry=metrics.registry, excluded_handlers=["/livez", "/readyz", "/metrics"])
    instrumentator.instrument(app).expose(app, include_in_schema=False)
    app.add_middleware(Correlation)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        _add_problem(document)
        _add_idempotency_key(document)
        app.openapi_schema = document
    return app.openapi_schema


def _add_problem(document: dict[str, Any]) -> None:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(schema.pop("$defs", {}))
    schemas["Problem"] = schema


def _add_idempotency_key(document: dict[str, Any]) -> None:
    for operations in document.get("paths", {}).values():
        for method in _COMMANDS:
            if method in operations:
                operations[method].setdefault("parameters", []).append(_PARAMETER)
