"""The methods of an address: those of all its routes, and HEAD wherever there is GET."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from chassis.http.idempotency import COMMAND_METHODS

METHODS = ("GET", "HEAD", *COMMAND_METHODS)


def methods_of(routes: Sequence[BaseRoute], path: str) -> list[str]:
    """Return what may be asked of an address, in one order."""
    offered = {
        method
        for each in iter_route_contexts(routes)
        if (pattern := getattr(each, "path_regex", None)) is not None and pattern.match(path)
        for method in each.methods or ()
    }
    return [method for method in METHODS if method in offered or (method == "HEAD" and "GET" in offered)]
