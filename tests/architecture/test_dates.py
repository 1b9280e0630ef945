"""A day is written as a day: no parameter and no body takes seconds since 1970, or an instant for a legal date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from chassis.http.bounds import Instant, written_instant
from fastapi.routing import iter_route_contexts
from messages.bounds import Day, written_day
from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.architecture.test_bounds import TABLES, Schema, applications, parameters

GUARDS = {"date": written_day, "datetime": written_instant}
LAX = {"date", "datetime"}


def unguarded(schema: Any, known: dict[str, Schema], guards: frozenset[Any] = frozenset()) -> Iterator[str]:  # noqa: ANN401
    """Yield each date of a schema of pydantic's core in front of which no guard stands."""
    if isinstance(schema, list | tuple):
        for each in schema:
            yield from unguarded(each, known, guards)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "definitions":
        known |= {each["ref"]: each for each in schema["definitions"]}
    if schema.get("type") == "definition-ref":
        yield from unguarded(known.pop(schema["schema_ref"], None), known, guards)
    if schema.get("type") == "function-before":
        guards |= {schema["function"]["function"]}
    if schema.get("type") in LAX and GUARDS[schema["type"]] not in guards:
        yield str(schema["type"])
    for name, each in schema.items():
        if name not in {"metadata", "serialization", "default"}:
            yield from unguarded(each, known, guards)


def test_every_day_and_instant_that_is_sent_is_guarded() -> None:
    found, walked = [], 0
    for service, app in applications():
        for context in iter_route_contexts(app.routes):
            dependant = getattr(context, "dependant", None)
            for name, schema in parameters(dependant) if dependant else ():
                walked += "date" in str(schema)
                found += [f"{service} {context.path_format} {name}: {each}" for each in unguarded(schema, {})]

    assert walked > 10
    assert found == []


@pytest.mark.parametrize("table", TABLES)
def test_every_day_of_a_table_is_guarded(table: type) -> None:
    assert list(unguarded(TypeAdapter(table).core_schema, {})) == []


class Unguarded(BaseModel):
    day: date
    days: tuple[date | None, ...]
    at: datetime


def test_the_walk_finds_each_day_without_a_guard() -> None:
    assert sorted(unguarded(TypeAdapter(Unguarded).core_schema, {})) == ["date", "date", "datetime"]


@pytest.mark.rule("T1")
@pytest.mark.parametrize(
    "value", [0, 1767225600, 1763596800.5, "0", "1767225600", "2025-11-20T00:00:00Z", "20251120", True]
)
def test_what_is_no_day_is_refused_with_its_form(value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Day).validate_python(value)

    (error,) = refused.value.errors()
    assert (error["type"], "YYYY-MM-DD" in error["msg"]) == ("day_form", True)


@pytest.mark.parametrize("value", [0, "0", "1767225600", 1767225600, "2025-11-20"])
def test_what_is_no_instant_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="时刻"):
        TypeAdapter(Instant).validate_python(value)


def test_days_and_instants_as_they_are_written_are_taken() -> None:
    assert TypeAdapter(Day).validate_python("2025-11-20") == date(2025, 11, 20)
    assert TypeAdapter(Instant).validate_python("2025-11-20T08:00:00+08:00") == datetime(2025, 11, 20, tzinfo=UTC)
