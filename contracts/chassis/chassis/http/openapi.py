"""The OpenAPI document of a service: complete, in a stable order, and the one that its process serves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts
from messages.values import Role

from chassis.http.endpoint import Authorize
from chassis.http.idempotency import COMMAND_METHODS, IDEMPOTENCY_KEY
from chassis.http.problems import MEDIA_TYPE, TITLES, Problem
from chassis.security.policies import Policy

Operation = dict[str, Any]

CONVENTIONS = (
    "Every refusal is a problem document (RFC 9457) with a stable code, and the rule and article where a rule refuses. "
    "A command carries an `Idempotency-Key`: the same key with the same request is done once. "
    "Lists come in pages: `next` of one page is `after` of the following. "
    "Legal dates are dates in Asia/Shanghai, instants are UTC. "
    "每项拒绝均为问题文档，注明规则与条款；命令须带幂等键；列表分页；日期按北京时间。"
)
_COMMAND_STATUSES = (400, 409, 412, 413, 428)
"""Refusals that a read cannot cause; a route that declares codes of its own for one keeps it."""
_CHALLENGE = {
    401: ("WWW-Authenticate", "The challenge of RFC 6750"),
    429: ("Retry-After", "Seconds after which to try again"),
    503: ("Retry-After", "Seconds after which to try again"),
}
_KEY: Operation = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": True,
    "description": "Chosen by the caller; the same key with the same request is done once",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    "example": "0b9f6c1e-7d0a-4c53-9a55-0a3c7f2f6d11",
}
_ETAG: Operation = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The version that was read, as in its ETag",
    "schema": {"type": "string", "pattern": '^("\\d{1,18}"|\\*)$'},
    "example": '"3"',
}
IF_MATCH: Operation = {"parameters": [_ETAG]}
"""For ``openapi_extra`` of a route that calls ``context.if_match()``."""
IF_MATCH_REQUIRED: Operation = {"parameters": [{**_ETAG, "required": True}]}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document of ``app``: each operation with its roles (``x-roles``) and every refusal."""
    spec = get_openapi(title=app.title, version=app.version, description=CONVENTIONS, routes=app.routes)
    tags: dict[str, str] = {}
    for context in iter_route_contexts(app.routes):
        if isinstance(policy := _policy(context), Policy):
            tags |= dict.fromkeys(getattr(context, "tags", ()), _tag_description(context))
            for method, operation in _operations(spec, context):
                _complete(operation, method, policy, "{" in (context.path_format or ""))
    spec["tags"] = [{"name": name, "description": text} for name, text in tags.items()]
    _add_components(spec)
    return spec


def _policy(context: RouteContext) -> Policy | None:
    """Return the policy of a route; routes for machines (health, metrics) have none and are left out."""
    dependencies = getattr(getattr(context, "dependant", None), "dependencies", ())
    return next((each.call.policy for each in dependencies if isinstance(each.call, Authorize)), None)


def _operations(spec: Mapping[str, Any], context: RouteContext) -> Iterator[tuple[str, Operation]]:
    operations = spec["paths"].get(context.path_format, {})
    for method in sorted(method.lower() for method in context.methods or ()):
        if method in operations:
            yield method, operations[method]


def _tag_description(context: RouteContext) -> str:
    """Return the tag description: the first sentence of the route's module docstring, without rule ids."""
    module = getattr(context.endpoint, "__globals__", {}).get("__doc__") or ""
    return re.sub(r" \([A-Z]\d+[^)]*\)", "", module.strip().partition("\n")[0])


def _complete(operation: Operation, method: str, policy: Policy, of_one: bool) -> None:  # noqa: FBT001 - whether the path names one thing
    if policy.open:
        operation["security"] = [*operation.get("security", ()), {}]
    elif policy.for_anybody:
        operation["x-person-verified"] = True
    operation["x-policy"] = policy.name
    operation["x-roles"] = sorted({str(Role(rule.role)) for rule in policy.rules})
    if method.upper() in COMMAND_METHODS:
        operation.setdefault("parameters", []).append(_KEY)
    _list_refusals(operation, _unreachable_statuses(method, policy, of_one))


def _unreachable_statuses(method: str, policy: Policy, of_one: bool) -> set[int]:  # noqa: FBT001 - as above
    unreachable = set() if method.upper() in COMMAND_METHODS else set(_COMMAND_STATUSES)
    if method.upper() not in COMMAND_METHODS or not policy.for_anybody:
        unreachable.add(429)
    if method.upper() not in COMMAND_METHODS and not of_one:
        unreachable.add(404)
    return unreachable


def _list_refusals(operation: Operation, unreachable: set[int]) -> None:
    """Replace common refusals by references; those with codes of their own stay inline."""
    listed: dict[str, Any] = {}
    for status, response in sorted(operation["responses"].items()):
        common = status.isdigit() and int(status) in TITLES and response == _common(int(status))
        if not common:
            listed[status] = response
        elif int(status) not in unreachable:
            listed[status] = {"$ref": f"#/components/responses/{_name(int(status))}"}
    operation["responses"] = listed


def _common(status: int) -> Operation:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": TITLES[status][1], "content": {MEDIA_TYPE: {"schema": schema}}}


def _name(status: int) -> str:
    return "".join(part.title() for part in TITLES[status][0].split("-"))


def _add_components(spec: dict[str, Any]) -> None:
    components = spec.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    components["schemas"] = dict(sorted(schemas.items()))
    components["responses"] = {_name(status): _shared_response(status) for status in TITLES}


def _shared_response(status: int) -> Operation:
    code, title = TITLES[status]
    response = _common(status)
    example = {"type": f"urn:green:problem:{code}", "title": title, "status": status, "code": code, "reasons": []}
    response["content"][MEDIA_TYPE]["example"] = example
    if status in _CHALLENGE:
        name, text = _CHALLENGE[status]
        response["headers"] = {name: {"description": text, "schema": {"type": "string"}}}
    return response
