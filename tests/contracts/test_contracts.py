"""What the services answer is what their OpenAPI documents say, whatever is asked and whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from schemathesis import GenerationMode

from deploy.services import SERVICES
from tests.contracts.asking import Asked, ask, asked

IN_DEPTH = {"assessor-quota": 6}
"""How many requests are made up for each operation and way; a few where the depth has not been reached yet."""
LIGHTLY = 3
MEETS = {200, 401, 403, 404, 409, 422}
"""What an asking in depth comes across: were it less, the requests would all fail at the door."""

every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name, indirect=True)


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[Asked]:
    with asked(request.param) as found:
        yield found


@every_service
def test_every_answer_is_one_that_the_document_shows_and_none_is_a_failure(service: Asked) -> None:
    examples = IN_DEPTH.get(service.name, LIGHTLY)
    seen: set[int] = set()
    broken: list[str] = []

    for operation in service.operations:
        for way in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                seen |= ask(service, operation, way, examples)
            except Exception as problem:  # noqa: BLE001 - all that is broken is told at once
                broken.append(f"{operation.label}, {way.value}: {told(problem)}")

    assert not broken, "\n\n".join(broken)
    assert service.name not in IN_DEPTH or seen >= MEETS


def told(problem: BaseException) -> str:
    """The request that shows it, in the words of the library."""
    return "\n".join(map(told, problem.exceptions)) if isinstance(problem, BaseExceptionGroup) else str(problem)
