"""The OpenAPI document of a service: complete, in a stable order, and the one that its process serves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts
from messages.dictionary import dictionary_of
from messages.values import Role

from chassis.http.document_headers import HEADERS, add_response_headers, name_headers
from chassis.http.endpoint import Authorize
from chassis.http.fields import describe_parameters, describe_schemas
from chassis.http.idempotency import COMMAND_METHODS, IDEMPOTENCY_KEY
from chassis.http.problems import MEDIA_TYPE, TITLES, Problem
from chassis.security.policies import Policy

Operation = dict[str, Any]

VERSION = "1.0.0"
"""Of the interfaces (semantic versioning); the first number is that of the paths."""
CONVENTIONS = (
    "Every refusal is a problem document (RFC 9457) with a stable code, and the rule and article where a rule refuses. "
    "A command carries an `Idempotency-Key`: the same key with the same request is done once. "
    "Lists come in pages: `next` of one page is `after` of the following. "
    "An address with GET answers HEAD too; a read whose tag is named in `If-None-Match` answers 304. "
    "Query parameters that an address does not take are refused. "
    "Answers are not to be stored (`Cache-Control: no-store`), except public reads without a token, which are asked "
    "for again before use (`no-cache`). A token that is not valid is refused with 401 everywhere. "
    "Legal dates are dates in Asia/Shanghai, instants are UTC. "
    "每项拒绝均为问题文档，注明规则与条款；命令须带幂等键；列表分页；查询参数不在所列之内的不予受理；日期按北京时间。"
)
INFO: dict[str, Any] = {
    "contact": {"name": "Operators of the system at the regional department (自治区工业和信息化厅系统运维人员)"},
    "license_info": {"name": "Government data; each answer for whom its roles name (政务数据，按共享属性使用)"},
    "servers": [{"url": "/", "description": "The service's own address; the deployment names the host"}],
}
_READ_STATUSES = (404,)
_COMMAND_STATUSES = (400, 404, 409, 412, 413, 428)
"""Refusals that need a reason in the request; a route that declares codes of its own for one keeps it."""
_KEY: Operation = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": True,
    "description": "Chosen by the caller; the same key with the same request is done once",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    "example": "0b9f6c1e-7d0a-4c53-9a55-0a3c7f2f6d11",
}
_KEY_OF_DRY_RUN = "; a dry run, which changes nothing, needs none"
_ETAG: Operation = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The version that was read, as in its ETag; `*` for any",
    "schema": {"type": "string", "pattern": '^("\\d{1,18}(-[0-9a-f]{1,64})?"|\\*)$'},
    "example": '"3-5f0c9c6e52b74b0e9f0b1d3a"',
}
IF_MATCH: Operation = {"parameters": [_ETAG]}
"""For ``openapi_extra`` of a route that calls ``context.if_match()``."""
IF_MATCH_REQUIRED: Operation = {"parameters": [{**_ETAG, "required": True}]}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document of ``app``: each operation with its roles (``x-roles``) and every refusal."""
    spec = get_openapi(title=app.title, version=VERSION, description=CONVENTIONS, routes=app.routes, **INFO)
    dictionary = dictionary_of(app.title)
    tags: dict[str, str] = {}
    _add_components(spec)
    schemas = spec["components"]["schemas"]
    for context in iter_route_contexts(app.routes):
        if isinstance(policy := _policy(context), Policy):
            tags |= dict.fromkeys(getattr(context, "tags", ()), _tag_description(context))
            for method, operation in _operations(spec, context):
                _complete(operation, method, policy, spec)
                describe_parameters(operation, schemas, dictionary)
    spec["tags"] = [{"name": name, "description": text} for name, text in tags.items()]
    describe_schemas(schemas, dictionary)
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


def _complete(operation: Operation, method: str, policy: Policy, spec: Mapping[str, Any]) -> None:
    if policy.open:
        operation["security"] = [*operation.get("security", ()), {}]
    elif policy.for_anybody:
        operation["x-person-verified"] = True
    operation["x-policy"] = policy.name
    operation["x-roles"] = sorted({str(Role(rule.role)) for rule in policy.rules})
    parameters = operation.setdefault("parameters", [])
    is_command = method.upper() in COMMAND_METHODS
    _list_refusals(operation, _unreachable_statuses(operation, policy, is_command=is_command))
    if is_command:
        parameters.append(_key_of(operation, spec))
    add_response_headers(operation, is_command=is_command)


def _key_of(operation: Operation, spec: Mapping[str, Any]) -> Operation:
    """Return the parameter for the idempotency key, which a dry run is not asked for."""
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    body = spec["components"]["schemas"].get(sent.get("$ref", "").rpartition("/")[2], {})
    names = {*(each["name"] for each in operation["parameters"]), *body.get("properties", ())}
    if "dry_run" not in names:
        return _KEY
    return {**_KEY, "required": False, "description": _KEY["description"] + _KEY_OF_DRY_RUN}


def _unreachable_statuses(operation: Operation, policy: Policy, *, is_command: bool) -> set[int]:
    """Return the common refusals that no request by the document meets."""
    parameters = operation["parameters"]
    unreachable = set() if is_command else {*_COMMAND_STATUSES} - {*_READ_STATUSES}
    if not is_command and policy.open:
        unreachable |= {401, 403}
    if not (is_command and policy.for_anybody):
        unreachable.add(429)
    if not is_command and not any(each["in"] == "path" for each in parameters):
        unreachable.add(404)
    if not any(each["name"] == "If-Match" for each in parameters):
        unreachable |= {412, 428}
    if "requestBody" not in operation:
        unreachable.add(413)
    if "multipart/form-data" not in operation.get("requestBody", {}).get("content", {}):
        unreachable.add(415)
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
    components["headers"] = HEADERS
    components["responses"] = {_name(status): _shared_response(status) for status in TITLES}


def _shared_response(status: int) -> Operation:
    code, title = TITLES[status]
    response = _common(status)
    example = {"type": f"urn:green:problem:{code}", "title": title, "status": status, "code": code, "reasons": []}
    response["content"][MEDIA_TYPE]["example"] = example
    response["headers"] = name_headers(status)
    return response
