"""The services answer as their OpenAPI documents say, whatever the request and the caller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from deploy.services import SERVICES
from tests.contracts.api_fuzzing import FuzzedService, fuzz, read_seeded, serve_seeded

MANY = {"assessor-quota": 6}
"""Generated requests for each operation and mode; few for the services not named here."""
FEW = 3
STATUSES = {200, 401, 403, 404, 422}
"""Statuses that every fuzzing must meet: with fewer, all requests would fail before the handlers."""
STATUSES_IN_DEPTH = STATUSES | {409}
WITHOUT_RESOURCE = {"GET /v1/assessors/{uscc}/statements/{year}"}
"""An assessor registered this year owes no statement before the next."""

every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name, indirect=True)
the_assessor_register = pytest.mark.parametrize(
    "service", [SERVICES[1]], ids=lambda service: service.name, indirect=True
)


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[FuzzedService]:
    with serve_seeded(request.param) as fuzzed:
        yield fuzzed


@every_service
def test_every_answer_is_documented_and_none_is_a_server_error(service: FuzzedService) -> None:
    examples = MANY.get(service.name, FEW)
    statuses: set[int] = set()
    broken: list[str] = []

    for operation in service.operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                statuses |= fuzz(service, operation, mode, examples)
            except Exception as problem:  # noqa: BLE001 - every broken operation is reported at once
                broken.append(f"{operation.label}, {mode.value}: {error_text(problem)}")

    assert not broken, "\n\n".join(broken)
    assert statuses >= (STATUSES_IN_DEPTH if service.name in MANY else STATUSES)


@the_assessor_register
def test_every_read_of_a_seeded_resource_is_answered_as_documented(service: FuzzedService) -> None:
    answers = {each.label: read_seeded(service, each) for each in service.operations if each.method.upper() == "GET"}

    assert {label for label, statuses in answers.items() if 200 not in statuses} == WITHOUT_RESOURCE


@the_assessor_register
def test_undocumented_answer_is_found(service: FuzzedService) -> None:
    """Remove 200 from the document: reading the register must then fail."""
    document = service.harness.app.openapi()
    list_route = document["paths"]["/v1/assessors"]["get"]
    answers = {status: each for status, each in list_route["responses"].items() if status != "200"}
    without_200 = {**document, "paths": {"/v1/assessors": {"get": {**list_route, "responses": answers}}}}
    undocumented = replace(service, schema=schemathesis.openapi.from_dict(without_200))

    with pytest.raises(FailureGroup, match="Undocumented status code"):
        fuzz(undocumented, undocumented.operations[0], GenerationMode.POSITIVE, FEW)


def error_text(problem: BaseException) -> str:
    """The failing request, as the library describes it."""
    return "\n".join(map(error_text, problem.exceptions)) if isinstance(problem, BaseExceptionGroup) else str(problem)
