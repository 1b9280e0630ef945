"""May this version of an event replace that one? Readers and speakers of both must understand each other.

Backward: a new reader accepts what an old publisher sends: closed(old) ⊆ open(new). Forward: the reverse. Closed means
that no unknown field may occur, open that any may; without that difference an added optional field looks breaking.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonsubschema import isSubschema

from messages.schemas import Schema, rendered, schemas

_NOTES = {"title", "description", "default", "format", "$schema", "$id", "x-owner", "x-sharing", "examples"}


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Say, in sentences, what the change from ``old`` to ``new`` breaks; empty when it breaks nothing."""
    problems = []
    if not isSubschema(_closed(_dereferenced(old)), _dereferenced(new)):
        problems.append("backward: a reader of the new version would refuse what publishers of the old one send")
    if not isSubschema(_closed(_dereferenced(new)), _dereferenced(old)):
        problems.append("forward: a reader of the old version would refuse what publishers of the new one send")
    return problems


def breaking_changes_since(folder: Path) -> list[str]:
    """Return every breaking change of the code against the published schemas in ``folder``."""
    broken: list[str] = []
    current = schemas()
    for name, schema in current.items():
        committed = folder / f"{name}.json"
        if committed.exists() and committed.read_text(encoding="utf-8") != rendered(schema):
            published = json.loads(committed.read_text(encoding="utf-8"))
            broken += [f"{name}: {each}" for each in breaking_changes(published, schema)]
    gone = {each.stem for each in folder.glob("*.json")} - current.keys()
    return broken + [f"{name}: a published type may not disappear" for name in sorted(gone)]


def _dereferenced(schema: Schema) -> dict[str, Any]:
    """The schema with references resolved and notes left out, as the subset check needs it."""
    definitions = schema.get("$defs", {})

    def resolved(node: Any) -> Any:  # noqa: ANN401 - a JSON value
        if isinstance(node, list):
            return [resolved(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return resolved(definitions[node["$ref"].removeprefix("#/$defs/")])
        return {
            key: {name: resolved(field) for name, field in value.items()} if key == "properties" else resolved(value)
            for key, value in node.items()
            if key not in _NOTES and key != "$defs"
        }

    plain: dict[str, Any] = resolved(schema)
    return plain


def _closed(node: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    if node.get("type") == "object" and "properties" in node:
        closed["additionalProperties"] = False
    return closed
