"""The meaning of each field and parameter of a document: its docstring, or the entry of the data dictionary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from messages.dictionary import Dictionary, Entry

Schema = dict[str, Any]

_VARIANT = re.compile(r"-(?:Input|Output)$")
_UNSUITED = re.compile(r"[^A-Za-z0-9]")


def describe_parameters(operation: Mapping[str, Any], schemas: Mapping[str, Schema], dictionary: Dictionary) -> None:
    """Give each parameter of an operation its description and example."""
    for each in operation["parameters"]:
        entry = dictionary.find(operation["operationId"], each["name"])
        schema = each["schema"]
        schema.pop("title", None)
        _complete(schema, entry, dictionary.pattern_of(operation["operationId"], each["name"]))
        own = each.get("description") or schema.pop("description", "")
        each["description"] = entry.described_by(own or entry.english) if entry else own
        if "example" not in each and (examples := schema.pop("examples", None) or _plain_examples(schema, schemas)):
            each["example"] = examples[0]


def describe_schemas(schemas: Mapping[str, Schema], dictionary: Dictionary) -> None:
    """Give each component a title that no other has, and each of its fields a description and an example."""
    for name, schema in schemas.items():
        schema["title"] = _UNSUITED.sub("", name)
        for field, part in schema.get("properties", {}).items():
            part.pop("title", None)
            entry = dictionary.find(owner_of(name), field)
            if entry is not None:
                own = part.get("description")
                part["description"] = entry.described_by(own) if own else entry.description
            _complete(part, entry, dictionary.pattern_of(owner_of(name), field))
            if "examples" not in part and (examples := _plain_examples(part, schemas)):
                part["examples"] = examples


def owner_of(component: str) -> str:
    """Return the name that both variants of a component share, that of what is sent and that of what is answered."""
    return _VARIANT.sub("", component)


def _complete(schema: Schema, entry: Entry | None, pattern: str) -> None:
    """Add what the dictionary knows and the schema does not say: an example, and the bounds of a value."""
    if entry is not None and entry.example is not None:
        schema.setdefault("examples", [entry.example])
    for each in (schema, *schema.get("anyOf", ())):
        if pattern and each.get("type") == "string" and "enum" not in each:
            each.setdefault("pattern", pattern)
        if entry is not None and entry.maximum is not None and each.get("type") == "integer":
            each.setdefault("maximum", entry.maximum)


def _plain_examples(schema: Mapping[str, Any], schemas: Mapping[str, Schema]) -> list[Any]:
    """Return an example of a schema that leaves little choice; none for an object, whose fields have their own."""
    if "$ref" in schema:
        return _plain_examples({**schemas[schema["$ref"].rpartition("/")[2]], "anyOf": ()}, schemas)
    if "enum" in schema:
        return [schema["enum"][0]]
    if "const" in schema:
        return [schema["const"]]
    if schema.get("type") == "boolean":
        return [True]
    if schema.get("type") == "array" and (found := _plain_examples(schema.get("items", {}), schemas)):
        return [found]
    return next((found for each in schema.get("anyOf", ()) if (found := _plain_examples(each, schemas))), [])
