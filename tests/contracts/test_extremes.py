"""Values at the ends of what a type can hold: never a server error, and never more stored than sent."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from deploy.services import SERVICES
from tests.contracts.api_fuzzing import FuzzedService, Operation, Request, callers, serve_seeded

EXAMPLES = 15
SMALL, MOST_STORED = 1000, 10_000
"""Bytes of a request, and of what one may add to the database."""
EXTREMES: tuple[Any, ...] = (
    *(sign * number for number in (2**63, 2**64, 10**30) for sign in (1, -1)),
    *("1e200000000", "1e-200000000", "-1e1000000", "9" * 900, "NaN", "Infinity", 1e308),
    *("0001-01-01", "9999-12-31", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "10000-01-01"),
    *("\x00", "\u200b", "名" * 250, " ", "", "﷽" * 100),
    *([], {}, None, True, [[[[[[]]]]]]),
)
INSTANTS = ("2026-01-01T00:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59")
FIRSTS: tuple[Any, ...] = (
    *({"$instant": each} for each in INSTANTS),
    *(2**63, 2**64, -(10**30), 1e308, None, True, [], "\x00"),
)
CURSORS = tuple(
    base64.urlsafe_b64encode(json.dumps([first, last]).encode()).decode() for first in FIRSTS for last in ("x", 2**64)
)
Path = tuple[str | int, ...]


@pytest.fixture(params=SERVICES, ids=lambda service: service.name)
def service(request: pytest.FixtureRequest) -> Iterator[FuzzedService]:
    with serve_seeded(request.param) as fuzzed:
        yield fuzzed


def test_extreme_values_are_no_server_error_and_store_no_more_than_they_are(service: FuzzedService) -> None:
    broken = []
    for operation in service.operations:
        try:
            send_extremes(service, operation)
        except AssertionError as problem:
            broken.append(f"{operation.label}: {problem}")

    assert not broken, "\n\n".join(broken)


def send_extremes(service: FuzzedService, operation: Operation) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        st.sampled_from(callers(service, operation)),
        st.integers(0, 3),
        st.data(),
    )
    def send(case: Request, caller: str | None, index: int, data: st.DataObject) -> None:
        changed = with_extreme(service.with_known_values(case, index), data)
        before = stored(service)
        answer = service.answer(changed, caller)
        assert answer.status_code not in {500, 502}, f"{answer.status_code} to {changed.query!r} {changed.body!r}"
        if len(json.dumps([changed.body, changed.query], default=str)) < SMALL:
            assert stored(service) - before < MOST_STORED, f"{changed.body!r}"

    send()


def with_extreme(case: Request, data: st.DataObject) -> Request:
    """Return the request with an extreme value in one place: of the body, of the path or of the query."""
    if isinstance(case.body, dict | list) and (places := list(leaves(case.body))) and data.draw(st.booleans()):
        case.body = copy.deepcopy(case.body)
        put(case.body, data.draw(st.sampled_from(places)), data.draw(st.sampled_from(EXTREMES)))
        return case
    defined = [each.name for each in case.operation.query]
    if not defined:
        return case
    name = data.draw(st.sampled_from(defined))
    values = CURSORS if name == "after" else [each for each in EXTREMES if isinstance(each, str | int)]
    case.query = {**(case.query or {}), name: str(data.draw(st.sampled_from(values)))}
    return case


def leaves(node: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - a JSON value
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in children:
        yield (*path, key)
        yield from leaves(value, (*path, key))


def put(node: Any, path: Path, value: Any) -> None:  # noqa: ANN401 - a JSON value
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value


def stored(service: FuzzedService) -> int:
    """Return the bytes of all documents, the outbox included."""
    memory = service.harness.memory
    documents = [*memory.outbox, *(each for rows in memory.collections.values() for each in rows.values())]
    return sum(len(repr(each)) for each in documents)
