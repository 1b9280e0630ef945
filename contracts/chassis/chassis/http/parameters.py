"""Query parameters: a route takes those it names and no others, so that a mistyped filter never answers everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params, get_validation_alias
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query

from chassis.observability.logs import shorten

MAX_SHOWN = 60
"""Characters of an unknown name that the answer repeats."""


def query_parameters(dependant: Dependant, openapi_extra: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Return the names that a route takes: its function's, its dependencies', and those only its document declares."""
    groups = [dependant]
    for each in groups:
        groups.extend(each.dependencies)
    taken = Dependant(query_params=[field for each in groups for field in each.query_params])
    declared = (openapi_extra or {}).get("parameters", ())
    names = [
        *map(get_validation_alias, get_flat_params(taken)),
        *(each["name"] for each in declared if each["in"] == Query.in_.value),
    ]
    return tuple(dict.fromkeys(names))


def refuse_unknown_parameters(request: Request, known: tuple[str, ...]) -> None:
    """Raise (422) one reason for each parameter that the route does not take."""
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        offered = f"可用的查询参数：{'、'.join(known)}" if known else "本接口不接受查询参数"
        raise RequestValidationError([_unknown(name, offered) for name in unknown])


def _unknown(name: str, offered: str) -> dict[str, object]:
    shown = shorten(name[:MAX_SHOWN])
    return {"type": "parameter_unknown", "loc": ("query", shown), "msg": f"没有查询参数“{shown}”；{offered}"}
