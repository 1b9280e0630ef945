"""Every answer of the services is in their OpenAPI documents, whatever the request and the role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from deploy.services import SERVICES
from tests.contracts.api_fuzzing import Exchange, ask, asked, read

IN_DEPTH = {"assessor-quota": 6}
"""How many requests are made up for each operation and way; a few where the depth has not been reached yet."""
LIGHTLY = 3
MEETS = {200, 401, 403, 404, 422}
"""Status codes that every run must meet; fewer would mean that all requests fail before a handler."""
MEETS_IN_DEPTH = MEETS | {409}
NOT_THERE = {"GET /v1/assessors/{uscc}/statements/{year}"}
"""Who was registered this year owes no statement before the next."""

every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name, indirect=True)
the_register = pytest.mark.parametrize("service", [SERVICES[1]], ids=lambda service: service.name, indirect=True)


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    with asked(request.param) as found:
        yield found


@every_service
def test_every_answer_is_one_that_the_document_shows_and_none_is_a_failure(service: Exchange) -> None:
    examples = IN_DEPTH.get(service.name, LIGHTLY)
    seen: set[int] = set()
    broken: list[str] = []

    for operation in service.operations:
        for way in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                seen |= ask(service, operation, way, examples)
            except Exception as problem:  # noqa: BLE001 - every fault is reported at once
                broken.append(f"{operation.label}, {way.value}: {messages_of(problem)}")

    assert not broken, "\n\n".join(broken)
    assert seen >= (MEETS_IN_DEPTH if service.name in IN_DEPTH else MEETS)


@the_register
def test_what_is_there_is_shown_by_every_read_as_the_document_says(service: Exchange) -> None:
    answers = {each.label: read(service, each) for each in service.operations if each.method.upper() == "GET"}

    assert {label for label, seen in answers.items() if 200 not in seen} == NOT_THERE


@the_register
def test_an_answer_that_the_document_does_not_show_is_noticed(service: Exchange) -> None:
    """The register without its 200: asking for it must fail."""
    document = service.stand.app.openapi()
    lists = document["paths"]["/v1/assessors"]["get"]
    answers = {status: each for status, each in lists["responses"].items() if status != "200"}
    shorter = {**document, "paths": {"/v1/assessors": {"get": {**lists, "responses": answers}}}}
    untrue = replace(service, schema=schemathesis.openapi.from_dict(shorter))

    with pytest.raises(FailureGroup, match="Undocumented status code"):
        ask(untrue, untrue.operations[0], GenerationMode.POSITIVE, LIGHTLY)


def messages_of(problem: BaseException) -> str:
    """The request that shows it, in the words of the library."""
    return "\n".join(map(messages_of, problem.exceptions)) if isinstance(problem, BaseExceptionGroup) else str(problem)
