"""The OpenAPI and AsyncAPI documents are complete and valid."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from chassis.http.problems import MEDIA_TYPE
from chassis.observability.tracing import HEADER
from jsonschema import Draft202012Validator
from messages.catalogue import EVENTS
from messages.envelope import decode, encode
from messages.values import Role
from rulebook import catalogue

from deploy.generate.documents.events import CHINESE, asyncapi
from deploy.generate.documents.headers import headers_of
from deploy.services import SERVICES
from tests.architecture.sources import ROOT

SAMPLES = ROOT / "contracts" / "messages" / "samples"
TOOLS = ROOT / "deploy" / "generate" / "documents"
EVENTS_FILE = ROOT / "contracts" / "asyncapi" / "green.json"
NODE = shutil.which("node")
POLICY = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*")
"""``<noun>.<verb>``: the public vocabulary of what may be done, one grammar in every service."""
OF_THE_CHASSIS = "get /v1/audit-log"
VERBS = {"get", "put", "post", "patch", "delete"}
every_service = pytest.mark.parametrize("service", [service.name for service in SERVICES])


@pytest.fixture(scope="module")
def events() -> Mapping[str, Any]:
    return asyncapi()


def document_of(service: str) -> Any:  # noqa: ANN401 - a JSON document
    return json.loads((ROOT / "contracts" / "openapi" / f"{service}.json").read_text(encoding="utf-8"))


def operations(service: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, verbs in document_of(service)["paths"].items():
        for verb in VERBS & verbs.keys():
            yield f"{verb} {path}", verbs[verb]


@every_service
def test_every_policy_is_called_by_a_noun_and_a_verb(service: str) -> None:
    named = {each["x-policy"] for name, each in operations(service) if name != OF_THE_CHASSIS}

    assert {name for name in named if not POLICY.fullmatch(name)} == set()


@pytest.mark.rule("G3")
@pytest.mark.parametrize("service", ["notify", "registry"])
def test_every_operation_says_which_rule_a_malformed_request_breaks(service: str) -> None:
    named = {name: each.get("x-rule") for name, each in operations(service) if name != OF_THE_CHASSIS}

    assert {name for name, rule in named.items() if rule not in catalogue()} == set()


@every_service
def test_every_operation_says_who_may_call_it_and_what_for(service: str) -> None:
    bare = {
        name: each.get("summary")
        for name, each in operations(service)
        if len(str(each.get("summary")).split()) < 2 or not each["tags"] or not each["security"] or not each["x-roles"]
    }

    assert bare == {}


@every_service
def test_public_operations_and_no_others_can_be_called_without_a_token(service: str) -> None:
    for name, each in operations(service):
        without_token = Role.PUBLIC in each["x-roles"] and not each.get("x-person-verified", False)
        assert ({} in each["security"]) == without_token, name


@every_service
def test_every_refusal_is_a_problem_document(service: str) -> None:
    shared = document_of(service)["components"]["responses"]

    for name, each in operations(service):
        refusals = {status: answer for status, answer in each["responses"].items() if status >= "400"}
        answers = [shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in refusals.values()]
        of_anybody = name.startswith("get ") and {} in each["security"]
        assert {"500", "503"} | (set() if of_anybody else {"401", "403"}) <= refusals.keys(), name
        assert {tuple(answer["content"]) for answer in answers} == {(MEDIA_TYPE,)}, name


@every_service
def test_only_refusals_that_can_come_are_listed(service: str) -> None:
    for name, each in operations(service):
        sent = {parameter["name"]: parameter for parameter in each["parameters"]}
        listed = {status for status, answer in each["responses"].items() if "$ref" in answer}
        is_read, is_public = name.startswith("get "), {} in each["security"]

        assert not (is_read and listed & {"400", "409", "412", "413", "415", "428", "429"}), name
        assert not (is_read and is_public and listed & {"401", "403"}), name
        assert not ("If-Match" not in sent and listed & {"412", "428"}), name
        assert not ("requestBody" not in each and "413" in listed), name
        forms = "multipart/form-data" in each.get("requestBody", {}).get("content", {})
        assert ("415" in listed) == forms, name


@every_service
def test_every_example_of_a_body_is_one_that_its_schema_allows(service: str) -> None:
    document = document_of(service)

    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            Draft202012Validator(whole).validate(example)


@every_service
def test_every_tag_is_described(service: str) -> None:
    document = document_of(service)
    described = {tag["name"] for tag in document["tags"] if tag["description"]}

    assert {tag for _, each in operations(service) for tag in each["tags"]} == described


@pytest.mark.parametrize("name", EVENTS)
def test_an_example_of_every_event_meets_the_described_headers_and_body(events: Mapping[str, Any], name: str) -> None:
    message = events["components"]["messages"][EVENTS[name].__name__]
    (example,) = message["examples"]
    whole = {"$ref": message["payload"]["$ref"], "components": events["components"]}

    Draft202012Validator(message["headers"]).validate(example["headers"])
    Draft202012Validator(whole).validate(example["payload"])
    assert example["headers"].keys() <= message["headers"]["properties"].keys()


def test_every_header_that_a_message_can_have_is_described() -> None:
    sample = json.loads((SAMPLES / "review.case.opened.v1.json").read_text(encoding="utf-8"))
    event = decode(sample["headers"], json.dumps(sample["body"]).encode()).event
    full = encode(event, event_id="1", time=datetime(2026, 5, 20, tzinfo=UTC), correlation_id="2", causation_id="3")

    assert {*full.headers, HEADER} <= headers_of(type(event))["properties"].keys()


def test_every_event_is_sent_by_its_owner_and_received_through_the_queues_of_its_consumers(
    events: Mapping[str, Any],
) -> None:
    sent = {name for name, each in events["operations"].items() if each["action"] == "send"}
    received = {name for name, each in events["operations"].items() if each["action"] == "receive"}

    assert sent == {f"{event.owner}.sends.{event.__name__}" for event in EVENTS.values()}
    assert received == {
        f"{service.name}.receives.{each.event_type.__name__}"
        for service in SERVICES
        for each in service.subscriptions()
    }


def test_every_event_has_a_chinese_name(events: Mapping[str, Any]) -> None:
    titles = {each["name"]: each["title"] for each in events["components"]["messages"].values()}

    assert {name for name, title in titles.items() if not re.search(r"[\u4e00-\u9fff]", title)} == set()
    assert [name for name in CHINESE if name not in titles] == []


def test_every_event_is_classed(events: Mapping[str, Any]) -> None:
    messages = events["components"]["messages"].values()
    classes = {EVENTS[each["name"]].sharing: each["x-classification"] for each in messages}

    assert {sharing: each["sharing"] for sharing, each in classes.items()} == {name: name for name in classes}


@pytest.mark.rule("N4", "S3")
def test_a_field_of_a_public_event_that_is_for_those_concerned_is_classed_by_itself(events: Mapping[str, Any]) -> None:
    classes = {EVENTS[each["name"]]: each["x-classification"] for each in events["components"]["messages"].values()}
    fewer = {event.type: sorted(each["fields"]) for event, each in classes.items() if "fields" in each}

    assert fewer == {
        event.type: sorted(event.restricted_fields()) for event in EVENTS.values() if event.restricted_fields()
    }
    assert fewer["assessor-quota.assessor.registered.v1"] == ["representative"]
    assert fewer["assessor-quota.assessor.sanctioned.v1"] == ["affiliates"]
    assert {EVENTS[name].sharing for name in fewer} == {"public"}


def test_the_official_parser_finds_the_event_document_valid() -> None:
    assert NODE, "node is missing. Run as root: apt-get install nodejs npm, then: make setup-checks"
    assert (TOOLS / "node_modules").exists(), "run: make setup-checks"

    done = subprocess.run([NODE, "valid.mjs", EVENTS_FILE], cwd=TOOLS, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_parser_is_asked_in_earnest() -> None:
    """A document with an operation on no channel is refused."""
    assert NODE, "node is missing. Run as root: apt-get install nodejs npm, then: make setup-checks"
    broken = json.loads(EVENTS_FILE.read_text(encoding="utf-8"))
    next(iter(broken["operations"].values()))["channel"] = {"$ref": "#/channels/none"}

    done = subprocess.run(
        [NODE, "valid.mjs", "/dev/stdin"],
        cwd=TOOLS,
        input=json.dumps(broken),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stdout + done.stderr
