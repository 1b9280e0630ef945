"""The published form of the events: one JSON Schema (draft 2020-12) for each type and version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from messages.catalogue import EVENTS
from messages.envelope import SCHEMA_BASE
from messages.event import Event

Schema = Mapping[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The schema a reader may rely on: fields with a default are optional, unknown ones are ignored."""
    body = _without_enum_limits(event.model_json_schema(mode="validation"))
    return {
        "$schema": _DIALECT,
        "$id": f"{SCHEMA_BASE}{event.type}",
        "x-owner": event.owner,
        "x-sharing": event.sharing,
        **body,
    }


def schemas() -> dict[str, dict[str, Any]]:
    """Event type → schema, for every event of the catalogue."""
    return {name: schema_of(event) for name, event in EVENTS.items()}


def rendered(schema: Schema) -> str:
    """The text that is committed."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _without_enum_limits(node: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Drop `additionalProperties: false`: publishers are strict, the published schema is the consumer's."""
    if isinstance(node, dict):
        return {key: _without_enum_limits(value) for key, value in node.items() if key != "additionalProperties"}
    if isinstance(node, list):
        return [_without_enum_limits(value) for value in node]
    return node
