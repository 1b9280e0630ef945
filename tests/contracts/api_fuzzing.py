"""Asks a service everything its OpenAPI document allows and much that it forbids, and holds the answers to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import requests
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from chassis.clock import FixedClock
from devkit.api_harness import ApiHarness
from httpx2 import Response
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from messages.values import Role
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
"""How much is asked of each operation in each way; `make test-contract` asks for more than the gate does."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@dataclass(frozen=True)
class Exchange:
    """One service on documents in memory, its document, and what is there that a path or body may name."""

    name: str
    portal: BlockingPortal
    stand: ApiHarness[Any]
    schema: BaseSchema
    known: Mapping[str, tuple[str, ...]]

    @property
    def operations(self) -> list[Operation]:
        return [each.ok() for each in self.schema.get_all_operations() if isinstance(each, Ok)]

    def answer(self, case: Request, token: str | None) -> Response:
        """Send what was made up, as it is, under the token of somebody."""
        made = requests.Request(**case.as_transport_kwargs(base_url=ADDRESS)).prepare()
        headers = {name: str(value) for name, value in made.headers.items() if name.lower() != "authorization"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = made.body.encode() if isinstance(made.body, str) else made.body
        assert body is None or isinstance(body, bytes)

        async def send() -> Response:
            return await self.stand.client.request(str(made.method), str(made.url), headers=headers, content=body)

        return self.portal.call(send)

    def naming(self, case: Request, at: int) -> Request:
        """Give the request with what is there in place of what was made up, wherever the field has that name."""
        chosen = {name: values[at % len(values)] for name, values in self.known.items()}
        case.path_parameters = {name: chosen.get(name, value) for name, value in (case.path_parameters or {}).items()}
        case.body = _filled(case.body, chosen)
        return case


@contextmanager
def asked(service: Service) -> Iterator[Exchange]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve_api(service, FixedClock(NOW))) as stand,
    ):
        known = portal.call(seed, service, stand)
        yield Exchange(service.name, portal, stand, schemathesis.openapi.from_dict(stand.app.openapi()), known)


def ask(of: Exchange, operation: Operation, mode: GenerationMode, examples: int) -> set[int]:
    """Ask one operation; raises with the request that the answer to breaks the document. Gives the statuses seen."""
    seen: set[int] = set()

    @settings(
        max_examples=EXAMPLES or examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(_cases(of, operation, mode), st.sampled_from(_callers(of, operation)))
    def send(case: Request, caller: str | None) -> None:
        answer = of.answer(case, caller)
        seen.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    with suppress(Unsatisfiable):  # an operation may have nothing that could be asked wrongly
        send()
    return seen


def read(of: Exchange, operation: Operation) -> set[int]:
    """Read what is there, as each who may and some who may not; made up requests seldom name what they may see."""
    named = [each.name for each in operation.path_parameters]
    seen: set[int] = set()
    for at in range(max((len(of.known[name]) for name in named), default=1)):
        case = operation.Case(path_parameters={name: of.known[name][at % len(of.known[name])] for name in named})
        for caller in _callers(of, operation):
            answer = of.answer(case, caller)
            seen.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)
    return seen


def _cases(of: Exchange, operation: Operation, mode: GenerationMode) -> st.SearchStrategy[Request]:
    """Half of the requests name what is there; else nearly every answer were 404 or 422."""
    invented = operation.as_strategy(generation_mode=mode)
    return st.one_of(invented, st.builds(of.naming, invented, st.integers(0, 3)))


def _filled(node: Any, chosen: Mapping[str, str]) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(node, dict):
        return {
            name: chosen[name] if name in chosen and isinstance(value, str) else _filled(value, chosen)
            for name, value in node.items()
        }
    return [_filled(each, chosen) for each in node] if isinstance(node, list) else node


def _callers(of: Exchange, operation: Operation) -> list[str | None]:
    """Give a token for each role that the operation names, one of a stranger, and none."""
    roles = [role for role in operation.definition.raw["x-roles"] if role != Role.PUBLIC]
    return [*(_token(of, role) for role in (*roles, Role.AGENCY)), None]


def _token(of: Exchange, role: str) -> str:
    organisation, prefecture = of.known["uscc"][0], of.known["prefecture"][0]
    return of.stand.issuer.mint(role=role, organisation=organisation, prefecture=prefecture, subject=f"some-{role}")
