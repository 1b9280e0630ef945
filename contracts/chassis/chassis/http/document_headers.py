"""The headers of answers, as the OpenAPI document tells them."""

from __future__ import annotations

from typing import Any

from chassis.http.routing import LOCATION

HEADERS: dict[str, dict[str, Any]] = {
    "X-Correlation-ID": {
        "description": "Names this request in logs, events and audit records; the caller's own where it is well formed",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{8,64}$"},
        "example": "5f0c9c6e52b74b0e9f0b1d3a6f7c2e11",
    },
    "ETag": {
        "description": "The tag of what was read, for If-None-Match; with the version in front, for If-Match",
        "schema": {"type": "string"},
        "example": '"3-5f0c9c6e52b74b0e9f0b1d3a"',
    },
    "Cache-Control": {
        "description": "no-store; no-cache for what anybody may read without a token",
        "schema": {"type": "string", "enum": ["no-store", "no-cache"]},
        "example": "no-store",
    },
    "Location": {
        "description": "Where what was made can be read, or where its progress can be followed",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/v1/applications/app-2026-0b9f6c1e7d0a4c53",
    },
    "Retry-After": {
        "description": "Seconds after which to try again",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "example": "1",
    },
    "WWW-Authenticate": {
        "description": "The challenge of RFC 6750",
        "schema": {"type": "string"},
        "example": 'Bearer error="invalid_token"',
    },
    "Allow": {
        "description": "The methods of this address",
        "schema": {"type": "string"},
        "example": "GET, HEAD, POST",
    },
}
_ALWAYS = ("X-Correlation-ID", "Cache-Control")
_OF_STATUS = {
    201: ("Location",),
    202: ("Location", "Retry-After"),
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_NOT_MODIFIED = "Nothing is new since the tag that the caller names"
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "Tags of what the caller has: 304 without a body when one of them still holds",
    "schema": {"type": "string", "maxLength": 2000},
    "example": '"3-5f0c9c6e52b74b0e9f0b1d3a"',
}


def name_headers(status: int, *more: str) -> dict[str, Any]:
    """Return the headers of an answer, each by reference."""
    names = (*_ALWAYS, *_OF_STATUS.get(status, ()), *more)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def add_response_headers(operation: dict[str, Any], *, is_command: bool) -> None:
    """Describe the headers of each answer, and of a read the answer to a caller who has it already."""
    tagged = not is_command or any(each["name"] == "If-Match" for each in operation["parameters"])
    for status, response in operation["responses"].items():
        if "$ref" not in response:
            more = ("ETag",) if tagged and status in {"200", "201"} else ()
            response["headers"] = {**response.get("headers", {}), **name_headers(int(status), *more)}
    if not is_command:
        operation["responses"]["304"] = {"description": _NOT_MODIFIED, "headers": name_headers(304, "ETag")}
        operation["responses"] = dict(sorted(operation["responses"].items()))
        operation["parameters"].append(_IF_NONE_MATCH)
    operation.pop(LOCATION, None)
