"""Everything that a caller sends has a bound: parameters, bodies, and the tables that workbooks are read into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any

import pytest
from applications.api.imports import ImportTarget
from applications.domain.information import EnterpriseInformation, ParkInformation, WorkPlan
from assessor_quota.api.sheets import AssessorRow, StaffRow
from chassis.http import audit_routes
from chassis.http.app import create_monitoring_app
from chassis.observability.health import Health
from chassis.observability.metrics import Metrics
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from messages import values
from pydantic import BaseModel, Field, TypeAdapter

from deploy.services import SERVICES

TABLES = (ImportTarget, EnterpriseInformation, ParkInformation, WorkPlan, AssessorRow, StaffRow)
"""Filled from the form fields and the cells of workbooks."""
OF_EVENTS = ("UnitRef", "AssessorRef", "Evaluation", "IndicatorValue", "MandatoryItemAnswer", "FileRef", "SchemeRef")
"""Values of events that bodies are made of."""
LISTS = ("list", "set", "frozenset", "dict")
SAFE = 2**63
Schema = Mapping[str, Any]


def unbounded(schema: Schema, definitions: Mapping[str, Schema] | None = None, path: str = "") -> Iterator[str]:
    """Yield where a schema of pydantic's core takes a value of any size; it is what really validates."""
    known: dict[str, Schema] = dict(definitions or {})
    if schema["type"] == "definitions":
        known |= {each["ref"]: each for each in schema["definitions"]}
        yield from unbounded(schema["schema"], known, path)
        return
    if schema["type"] == "definition-ref":
        target = known.pop(schema["schema_ref"], None)
        if target is not None:  # a reference to what is being walked adds nothing
            yield from unbounded(target, known, path)
        return
    if not _is_bounded(schema):
        yield f"{path or '(itself)'}: {schema['type']}"
    if schema["type"] == "chain" and any(_is_bounded(step) for step in schema["steps"]):
        return
    if schema["type"] == "function-after" and _limits_length(schema["function"]):
        return
    for name, part in _parts(schema):
        yield from unbounded(part, known, f"{path}/{name}" if name else path)


def _parts(schema: Schema) -> Iterator[tuple[str, Schema]]:
    for key, value in schema.items():
        if key in {"metadata", "serialization", "default"}:
            continue
        if isinstance(value, Mapping):
            if isinstance(value.get("type"), str):
                yield "", value
            elif key == "fields":
                yield from ((name, each) for name, each in value.items())
        elif isinstance(value, list):
            for each in value:
                one = each[0] if isinstance(each, tuple) else each
                if isinstance(one, Mapping) and isinstance(one.get("type"), str):
                    yield str(one.get("name", "")), one


def _is_bounded(schema: Schema) -> bool:
    low, high = _ends(schema)
    has_ends, has_length = low is not None and high is not None, "max_length" in schema
    of_few_keys = schema.get("keys_schema", {}).get("type") in {"enum", "literal"}
    bounds = {
        "str": has_length or _is_short(schema.get("pattern")),
        "int": has_ends and schema["type"] == "int" and low > -SAFE and high < SAFE,
        "decimal": "max_digits" in schema and not schema.get("allow_inf_nan", False),
        "date": has_ends,
        "datetime": has_ends,
        "tuple": "variadic_item_index" not in schema or has_length,
        **dict.fromkeys(LISTS, has_length or of_few_keys),
        "any": False,
        "bytes": has_length,
    }
    return bool(bounds.get(schema["type"], True))


def _ends(schema: Schema) -> tuple[Any, Any]:
    return schema.get("ge", schema.get("gt")), schema.get("le", schema.get("lt"))


def _is_short(pattern: object) -> bool:
    """Whether a pattern is anchored and matches texts of a bounded length only."""
    if not isinstance(pattern, str) or not (pattern.startswith("^") and pattern.endswith("$")):
        return False
    parsed = re._parser.parse(pattern)
    return bool(parsed.getwidth()[1] < 10_000)


def _limits_length(function: Mapping[str, Any]) -> bool:
    """Whether the function is pydantic's check of ``max_length`` for a type without one of its own (secrets)."""
    return "max_length" in repr(function.get("function"))


def applications() -> Iterator[tuple[str, FastAPI]]:
    for service in SERVICES:
        app = FastAPI()
        app.include_router(import_module(f"{service.package}.api").router)
        yield service.name, app
    app = FastAPI()
    app.include_router(audit_routes.router)
    yield "every service", app
    yield "monitoring", create_monitoring_app("any", health_of=Health(), metrics=Metrics(), documented=None)


def parameters(dependant: Dependant) -> Iterator[tuple[str, Schema]]:
    groups = ("path_params", "query_params", "header_params", "cookie_params", "body_params")
    for field in (each for group in groups for each in getattr(dependant, group)):
        adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.field_info.annotation, field.field_info])  # type: ignore[arg-type]
        yield field.alias, adapter.core_schema
    for each in dependant.dependencies:
        yield from parameters(each)


def test_every_parameter_and_body_of_every_route_is_bounded() -> None:
    found, walked = [], 0
    for service, app in applications():
        for context in iter_route_contexts(app.routes):
            dependant = getattr(context, "dependant", None)
            if dependant is None:
                continue
            for name, schema in parameters(dependant):
                walked += 1
                where = f"{service} {sorted(context.methods or ())} {context.path_format} {name}"
                found += [f"{where}{each}" for each in unbounded(schema)]

    assert walked > 200
    assert found == []


@pytest.mark.parametrize("table", TABLES)
def test_every_cell_of_a_table_is_bounded(table: type) -> None:
    assert list(unbounded(TypeAdapter(table).core_schema)) == []


@pytest.mark.parametrize("name", OF_EVENTS)
def test_every_value_of_an_event_that_a_body_holds_is_bounded(name: str) -> None:
    assert list(unbounded(TypeAdapter(getattr(values, name)).core_schema)) == []


class Unbounded(BaseModel):
    text: str
    number: int
    unsafe: Annotated[int, Field(ge=0, le=2**63)]
    pattern: Annotated[str, Field(pattern="^a+$")]
    rows: tuple[bool, ...]
    table: dict[Annotated[str, Field(max_length=5)], bool]
    anything: object


def test_the_walk_finds_each_kind_without_a_bound() -> None:
    found = {each.partition(":")[0] for each in unbounded(TypeAdapter(Unbounded).core_schema)}

    assert found == {f"/{name}" for name in Unbounded.model_fields}
