"""Every field, parameter and header of the interfaces says what it means and shows a value; names are used once."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from chassis.http.fields import owner_of
from jsonschema import Draft202012Validator
from messages.dictionary import COMMON, Dictionary, entries_in

from deploy.services import SERVICES
from tests.architecture.test_documents import document_of, every_service, operations

Schema = Mapping[str, Any]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
OPERATION = re.compile(r"[a-z]+(_[a-z0-9]+)+")


def fields(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Schema]]:
    """Yield (owner, name, schema) of each field of a body or view, and of each part of a form."""
    for owner, schema in document["components"]["schemas"].items():
        for name, part in schema.get("properties", {}).items():
            yield owner, name, part
    for verbs in document["paths"].values():
        for operation in verbs.values():
            form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {})
            for name, part in form.get("schema", {}).get("properties", {}).items():
                yield operation["operationId"], name, part


def parameters(document: Mapping[str, Any]) -> Iterator[tuple[str, Schema]]:
    """Yield (operation, parameter)."""
    for verbs in document["paths"].values():
        for operation in verbs.values():
            for each in operation["parameters"]:
                yield operation["operationId"], each


def needs_example(schema: Schema) -> bool:
    """Whether a value has to be shown: an object's fields have their own, and so have those that it refers to."""
    if "$ref" in schema or schema.get("format") == "binary":
        return False
    if "anyOf" in schema:
        return any(needs_example(each) for each in schema["anyOf"] if each.get("type") != "null")
    return needs_example(schema["items"]) if schema.get("type") == "array" else True


def echoes(name: str, description: str) -> bool:
    """Whether a description says no more than the name."""
    words = re.sub(r"^(the|a|an) ", "", CHINESE.sub("", description).lower().strip(" .()"))
    return re.sub(r"[^a-z]+", "_", words).strip("_") == name.lower()


@every_service
def test_every_field_and_parameter_is_described_and_shown(service: str) -> None:
    document = document_of(service)
    bare = [f"{owner}.{name}" for owner, name, part in fields(document) if not part.get("description")]
    bare += [f"{owner}({each['name']})" for owner, each in parameters(document) if not each.get("description")]
    unshown = [f"{o}.{name}" for o, name, part in fields(document) if needs_example(part) and not part.get("examples")]
    unshown += [f"{owner}({each['name']})" for owner, each in parameters(document) if "example" not in each]
    echoing = [f"{owner}.{name}" for owner, name, part in fields(document) if echoes(name, part.get("description", ""))]

    assert (bare, unshown, echoing) == ([], [], []), "add an entry to messages/dictionary_entries, or a docstring"


@every_service
def test_every_value_shown_is_one_that_its_schema_allows(service: str) -> None:
    document = document_of(service)
    shown = [(f"{o}.{name}", part, each) for o, name, part in fields(document) for each in part.get("examples", ())]
    shown += [(f"{owner}({each['name']})", each["schema"], each["example"]) for owner, each in parameters(document)]
    headers = document["components"]["headers"]
    shown += [(name, header["schema"], header["example"]) for name, header in headers.items()]

    wrong = [
        f"{where}: {error.message}"
        for where, schema, value in shown
        for error in Draft202012Validator({**schema, "components": document["components"]}).iter_errors(value)
    ]

    assert len(shown) > 50
    assert wrong == []


@every_service
def test_every_header_is_described_and_every_answer_lists_its_own(service: str) -> None:
    document = document_of(service)
    shared, headers = document["components"]["responses"], document["components"]["headers"]

    assert [name for name, each in headers.items() if not each["description"]] == []
    for name, operation in operations(service):
        for status, response in operation["responses"].items():
            named = (shared[response["$ref"].rpartition("/")[2]] if "$ref" in response else response)["headers"]
            assert {"X-Correlation-ID", "Cache-Control"} <= named.keys(), (name, status)
            assert ("Location" in named) == (status in {"201", "202"}), (name, status)
            assert ("Retry-After" in named) == (status in {"202", "429", "503"}), (name, status)
            assert named.keys() <= headers.keys(), (name, status)
        assert ("304" in operation["responses"]) == name.startswith("get "), name
        if name.startswith("get "):
            assert "ETag" in operation["responses"]["200"]["headers"], name


@every_service
def test_every_component_has_a_title_of_its_own(service: str) -> None:
    """Generators name their classes by titles, and drop the second of a name with all that uses it."""
    titles = Counter(schema["title"] for schema in document_of(service)["components"]["schemas"].values())

    assert [title for title, times in titles.items() if times > 1] == []
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", title) for title in titles)


@every_service
def test_document_says_whose_it_is_and_in_which_version(service: str) -> None:
    document = document_of(service)
    names = Counter(each["operationId"] for _, each in operations(service))

    assert VERSION.fullmatch(document["info"]["version"])
    assert document["info"]["contact"]["name"]
    assert document["info"]["license"]["name"]
    assert [each["url"] for each in document["servers"]] == ["/"]
    assert [name for name, times in names.items() if times > 1 or not OPERATION.fullmatch(name)] == []
    assert CHINESE.search(document["info"]["description"])


@every_service
def test_every_code_of_an_organisation_has_a_pattern(service: str) -> None:
    document = document_of(service)
    codes = [(f"{owner}.{name}", part) for owner, name, part in fields(document) if name.endswith("uscc")]
    codes += [(each["name"], each["schema"]) for _, each in parameters(document) if each["name"].endswith("uscc")]

    assert [where for where, schema in codes if not re.search(r'"pattern": "', json.dumps(schema))] == []


@every_service
def test_every_integer_that_is_sent_has_its_bounds_in_the_document(service: str) -> None:
    document = document_of(service)
    sent = [(f"{owner}({each['name']})", each["schema"]) for owner, each in parameters(document)]
    for _, operation in operations(service):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            sent += [(operation["operationId"], content["schema"])]

    wrong = {where for where, schema in sent for _ in unbounded_numbers(schema, document, frozenset())}

    assert wrong == set()


def unbounded_numbers(schema: Schema, document: Mapping[str, Any], seen: frozenset[str]) -> Iterator[Schema]:
    """Yield each number of a schema, and of those it refers to, that has no least or no greatest value."""
    if (name := schema.get("$ref", "").rpartition("/")[2]) and name not in seen:
        yield from unbounded_numbers(document["components"]["schemas"][name], document, seen | {name})
    if schema.get("type") == "integer" and not {"minimum", "maximum"} <= schema.keys():
        yield schema
    inner = [*schema.get("anyOf", ()), *schema.get("properties", {}).values()]
    inner += [schema[each] for each in ("items", "additionalProperties") if isinstance(schema.get(each), Mapping)]
    for each in inner:
        yield from unbounded_numbers(each, document, seen)


@every_service
def test_dry_run_needs_no_idempotency_key_and_every_other_command_does(service: str) -> None:
    document = document_of(service)
    for name, operation in operations(service):
        keys = [each for each in operation["parameters"] if each["name"] == "Idempotency-Key"]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        schema = document["components"]["schemas"].get(body.get("$ref", "").rpartition("/")[2], {})
        tries = "dry_run" in {*(each["name"] for each in operation["parameters"]), *schema.get("properties", ())}

        assert [each["required"] for each in keys] == ([] if name.startswith("get ") else [not tries]), name


def test_every_entry_of_the_dictionary_is_used() -> None:
    used: set[tuple[str, str]] = set()
    for service in SERVICES:
        document = document_of(service.name)
        parts = {service.name: entries_in(service.name), COMMON: entries_in(COMMON)}
        dictionary = Dictionary(parts[service.name], parts[COMMON])
        asked = {(owner_of(owner), name) for owner, name, _ in fields(document)}
        asked |= {(owner, each["name"]) for owner, each in parameters(document)}
        found = [entry for owner, name in asked if (entry := dictionary.find(owner, name)) is not None]
        used |= {
            (part, key)
            for part, entries in parts.items()
            for key, entry in entries.items()
            if any(entry is f for f in found)
        }
    parts_of_all = (COMMON, *(service.name for service in SERVICES))

    assert {(part, key) for part in parts_of_all for key in entries_in(part)} - used == set()


@pytest.mark.parametrize(
    ("name", "description", "expected"),
    [("media_type", "Media type (文件类型)", True), ("uscc", "Code of the unit", False), ("kind", "The kind.", True)],
)
def test_the_walk_finds_a_description_that_says_nothing(name: str, description: str, expected: bool) -> None:  # noqa: FBT001
    assert echoes(name, description) is expected


def test_the_walk_finds_a_number_without_an_end() -> None:
    open_ended = {"anyOf": [{"type": "array", "items": {"type": "integer", "minimum": 0}}, {"type": "null"}]}

    assert len(list(unbounded_numbers(open_ended, {}, frozenset()))) == 1
