"""Names a span by its route and marks failures."""

from __future__ import annotations

from opentelemetry.trace import Span, StatusCode


def name_by_route(span: Span, method: str, route: str | None, status: int) -> None:
    """Name a request by its route: a path holds ids."""
    if route is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    if status >= 500:  # noqa: PLR2004 - HTTP's own number
        span.set_status(StatusCode.ERROR)


def mark_failed(span: Span, why: str) -> None:
    span.set_attribute("error.type", why)
    span.set_status(StatusCode.ERROR)
