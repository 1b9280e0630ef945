"""Fuzzes an API with requests that its OpenAPI document allows and forbids, and checks the answers against it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import requests
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from devkit.api_harness import ApiHarness
from devkit.clock import FixedClock
from httpx2 import Response
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from messages.values import Department, Role
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.generate.documents.apis import serve_api
from deploy.services import Service
from tests.contracts.seed import NOW, seed

Request: TypeAlias = Case[Any]
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]

ADDRESS = "http://green.invalid"
EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "0"))
"""Requests for each operation and mode; `make test-contract` sends more than the gate does."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@dataclass(frozen=True)
class FuzzedService:
    """One service on documents in memory, its OpenAPI document, and known values for paths and bodies."""

    name: str
    portal: BlockingPortal
    harness: ApiHarness[Any]
    schema: BaseSchema
    known: Mapping[str, tuple[str, ...]]

    @property
    def operations(self) -> list[Operation]:
        return [each.ok() for each in self.schema.get_all_operations() if isinstance(each, Ok)]

    def answer(self, case: Request, token: str | None) -> Response:
        """Send a generated request unchanged, with this token."""
        prepared = requests.Request(**case.as_transport_kwargs(base_url=ADDRESS)).prepare()
        headers = {name: str(value) for name, value in prepared.headers.items() if name.lower() != "authorization"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
        assert body is None or isinstance(body, bytes)

        async def send() -> Response:
            return await self.harness.client.request(
                str(prepared.method), str(prepared.url), headers=headers, content=body
            )

        return self.portal.call(send)

    def with_known_values(self, case: Request, index: int) -> Request:
        """The request with known values in place of generated ones, in fields of that name."""
        chosen = {name: values[index % len(values)] for name, values in self.known.items()}
        case.path_parameters = {name: chosen.get(name, value) for name, value in (case.path_parameters or {}).items()}
        case.body = _fill(case.body, chosen)
        return case


@contextmanager
def serve_seeded(service: Service) -> Iterator[FuzzedService]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve_api(service, FixedClock(NOW))) as harness,
    ):
        known = portal.call(seed, service, harness)
        yield FuzzedService(service.name, portal, harness, schemathesis.openapi.from_dict(harness.app.openapi()), known)


def fuzz(service: FuzzedService, operation: Operation, mode: GenerationMode, examples: int) -> set[int]:
    """Fuzz one operation and return the statuses; raises with the request whose answer breaks the document."""
    statuses: set[int] = set()

    @settings(
        max_examples=EXAMPLES or examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(_cases(service, operation, mode), st.sampled_from(callers(service, operation)))
    def check_answer(case: Request, caller: str | None) -> None:
        answer = service.answer(case, caller)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    with suppress(Unsatisfiable):  # an operation may have no invalid requests
        check_answer()
    return statuses


def read_seeded(service: FuzzedService, operation: Operation) -> set[int]:
    """Read seeded resources as callers with and without permission; generated requests seldom name one."""
    parameters = [each.name for each in operation.path_parameters]
    statuses: set[int] = set()
    for index in range(max((len(service.known[name]) for name in parameters), default=1)):
        case = operation.Case(
            path_parameters={name: service.known[name][index % len(service.known[name])] for name in parameters}
        )
        for caller in callers(service, operation):
            answer = service.answer(case, caller)
            statuses.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)
    return statuses


def _cases(service: FuzzedService, operation: Operation, mode: GenerationMode) -> st.SearchStrategy[Request]:
    """Requests of which half name known values; otherwise nearly every answer would be 404 or 422."""
    generated = operation.as_strategy(generation_mode=mode)
    return st.one_of(generated, st.builds(service.with_known_values, generated, st.integers(0, 3)))


def _fill(node: Any, chosen: Mapping[str, str]) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(node, dict):
        return {
            name: chosen[name] if name in chosen and isinstance(value, str) else _fill(value, chosen)
            for name, value in node.items()
        }
    return [_fill(each, chosen) for each in node] if isinstance(node, list) else node


def callers(service: FuzzedService, operation: Operation) -> list[str | None]:
    """A token for each role of the operation, one of another role, and none."""
    roles = [role for role in operation.definition.raw["x-roles"] if role != Role.PUBLIC]
    return [*(_token(service, role) for role in (*roles, Role.AGENCY)), None]


def _token(service: FuzzedService, role: str) -> str:
    """Return the token of somebody who is no party of the matter, unless it is an applicant's or an assessor's."""
    others = {Role.AGENCY: "taxation", Role.CONSULTED_DEPARTMENT: Department.MARKET_REGULATION.value}
    own = role in {Role.APPLICANT, Role.ASSESSOR}
    organisation = service.known["uscc"][0] if own else others.get(Role(role))
    prefecture = service.known["prefecture"][0]
    return service.harness.issuer.mint(
        role=role, organisation=organisation, prefecture=prefecture, subject=f"some-{role}", person_verified=True
    )
