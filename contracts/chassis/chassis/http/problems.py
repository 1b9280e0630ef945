"""Refusals as problem documents (RFC 9457): a stable code, the rule and its article, all reasons at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol, get_args

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from messages.values import Reason
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core.core_schema import ErrorType
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY

from chassis.handling import Refusal, StorageFullError, TransientError
from chassis.http.methods import methods_of
from chassis.observability import logs
from chassis.observability.log_rate import ThrottledLog
from chassis.observability.unreadable import record_unreadable
from chassis.persistence.errors import UnstorableValueError
from chassis.persistence.unreadable import UnreadableDocumentError
from chassis.settings import MIB
from chassis.validation_texts import VALIDATION_TEXTS

_log = ThrottledLog(__name__)

MEDIA_TYPE = "application/problem+json"
_RULE, _ARTICLE = "x-rule", "x-article"
URN = "urn:green:problem:"
MAX_REASONS = 100
"""Reasons of a malformed request that one answer names."""
RETRY_AFTER = 1
"""Seconds until a caller may try again; what is admitted waits for less."""
DOCUMENT_UNREADABLE = "系统中有一份已保存的记录无法读取，已通知运维人员处理，请稍后再试"
STORAGE_FULL = "系统存储空间不足，本次提交未保存，请稍后重新提交"

TITLES = {
    400: ("malformed-request", "The request could not be read"),
    401: ("token-invalid", "A valid bearer token is needed"),
    403: ("not-allowed", "Not allowed"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "This method is not offered here"),
    409: ("conflict", "Refused by a rule or by the present state"),
    412: ("version-stale", "Somebody has changed it in the meantime"),
    413: ("body-too-large", "The body is too large"),
    414: ("address-too-long", "The address is too long"),
    415: ("media-type-unsupported", "This media type is not accepted"),
    422: ("request-invalid", "The request is malformed"),
    428: ("if-match-missing", "The version that is changed must be named"),
    429: ("rate-exceeded", "Too many of these commands"),
    500: ("internal-error", "Something went wrong here"),
    503: ("try-again-later", "Not possible at this moment"),
}
DOCUMENTED_STATUSES = (400, 401, 403, 404, 409, 412, 413, 414, 415, 422, 428, 429, 500, 503)

_LIBRARY = frozenset(get_args(ErrorType))
"""Kinds of error with a text of pydantic's; those of every other kind are ours and written for people."""


class ProblemReason(BaseModel):
    """One reason of a problem; a refusal by a rule names the rule and its article."""

    model_config = ConfigDict(frozen=True)

    rule: str | None = None
    article: str | None = None
    code: str
    text: str
    evidence: str | None = None
    pointer: str | None = Field(default=None, description="JSON pointer (RFC 6901) into the body")


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(examples=[URN + "not-found"])
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    code: str = Field(examples=["not-found"])
    reasons: tuple[ProblemReason, ...] = ()
    correlation_id: str | None = None


def problem_of(refusal: Refusal, request: Request | None = None) -> Problem:
    return problem(
        refusal.status,
        refusal.code,
        title=refusal.title,
        reasons=[_problem_reason(reason) for reason in refusal.reasons],
        request=request,
    )


def problem(
    status: int,
    code: str = "",
    *,
    title: str = "",
    reasons: Sequence[ProblemReason] = (),
    request: Request | None = None,
) -> Problem:
    default_code, default_title = TITLES.get(status, ("refused", "Refused"))
    code = code or default_code
    return Problem(
        type=URN + code,
        title=title or default_title,
        status=status,
        detail="；".join(dict.fromkeys(reason.text for reason in reasons)) or None,
        instance=request.url.path if request else None,
        code=code,
        reasons=tuple(reasons),
        correlation_id=logs.correlation_id(),
    )


def answer(document: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        document.model_dump_json(exclude_none=True),
        status_code=document.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every refusal, malformed request and HTTP error of ``app`` with a problem document."""
    app.add_exception_handler(Refusal, _answer_refusal)
    app.add_exception_handler(RequestValidationError, _answer_malformed)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(TransientError, _answer_unavailable)
    app.add_exception_handler(UnstorableValueError, _answer_out_of_range)
    app.add_exception_handler(UnreadableDocumentError, _answer_unreadable)


COMMON = {
    400: ("malformed-request", "idempotency-key-missing", "if-match-invalid"),
    403: ("not-allowed",),
    404: ("not-found",),
    409: ("idempotency-key-reused", "already-exists"),
    412: ("version-stale",),
    422: ("request-invalid", "limit-out-of-range", "cursor-invalid", "day-out-of-bounds"),
    428: ("if-match-missing",),
}
"""Status → codes that any route may answer with."""


def refuses(*codes: str, status: int = 409) -> dict[int | str, dict[str, Any]]:
    """Return ``responses=`` of a route: the codes that it may answer with, beside the common ones."""
    all_codes = dict.fromkeys((*codes, *COMMON.get(status, ())))
    with_codes = {"type": "object", "properties": {"code": {"type": "string", "enum": list(all_codes)}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, with_codes]}
    title = f"{TITLES.get(status, ('', 'Refused'))[1]}: {', '.join(codes)}"
    return {status: {"description": title, "content": {MEDIA_TYPE: {"schema": schema}}}}


class RuleBasis(Protocol):
    """A rule and its article."""

    @property
    def rule(self) -> str: ...
    @property
    def article(self) -> str: ...


def based_on_rule(basis: RuleBasis) -> dict[str, Any]:
    """Return ``openapi_extra`` of a route whose body a rule prescribes: a malformed body is refused with both."""
    return {_RULE: basis.rule, _ARTICLE: basis.article}


def _describe_refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": TITLES[status][1], "content": {MEDIA_TYPE: {"schema": schema}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {status: _describe_refusal(status) for status in DOCUMENTED_STATUSES}
"""For ``responses=`` of FastAPI, so that the OpenAPI document shows every refusal."""


async def _answer_refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for this class
    return answer(problem_of(refusal, request), getattr(refusal, "headers", None))


async def _answer_malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    basis, found = basis_of(request), error.errors()
    reasons = [_malformation(each, basis) for each in found[:MAX_REASONS]]
    if len(found) > MAX_REASONS:
        text = f"另有 {len(found) - MAX_REASONS} 处不符合要求，未逐一列出"
        reasons.append(ProblemReason(**basis, code="too-many-reasons", text=text))
    return answer(problem(422, reasons=reasons, request=request))


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return answer_body_too_large(request)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(methods_of(request.app.routes, request.url.path))
    return answer(problem(error.status_code, request=request), headers)


def answer_body_too_large(request: Request) -> Response:
    """Return the refusal of a body over the limit of its route."""
    limit: int = request.scope.get(MAX_BODY_SIZE_SCOPE_KEY, 0)
    text = f"提交的内容超过大小上限（{_size_text(limit)}）"
    reason = ProblemReason(**basis_of(request), code="body-too-large", text=text, evidence=str(limit))
    return answer(problem(413, reasons=[reason], request=request))


def _size_text(size: int) -> str:
    """Return the size in whole units, without the allowance for a form around a file."""
    return f"{size // MIB} MB" if size >= MIB else f"{size // 1024} KB"


async def _answer_unavailable(request: Request, error: Exception) -> Response:
    _log.warning("request deferred", reason=str(error))
    full = [ProblemReason(code="storage-full", text=STORAGE_FULL)] if isinstance(error, StorageFullError) else []
    return answer(problem(503, reasons=full, request=request), {"Retry-After": str(RETRY_AFTER)})


async def _answer_out_of_range(request: Request, _error: Exception) -> Response:
    """Answer a number out of range, which came from the caller in a filter, a cursor or a body."""
    reason = ProblemReason(code="number-out-of-range", text="数值超出范围")
    return answer(problem(422, reasons=[reason], request=request))


async def _answer_unreadable(request: Request, error: Exception) -> Response:
    """Answer that a stored document is at fault; the log names it, as the caller may not be allowed to know of it."""
    assert isinstance(error, UnreadableDocumentError)  # noqa: S101 - registered for this class
    record_unreadable(request.app.state.api.metrics, error)
    reason = ProblemReason(code="document-unreadable", text=DOCUMENT_UNREADABLE)
    return answer(problem(500, reasons=[reason], request=request))


def _problem_reason(reason: Reason) -> ProblemReason:
    return ProblemReason.model_validate(reason.model_dump())


def basis_of(request: Request) -> dict[str, str | None]:
    """Return the rule that ``based_on_rule`` named for the requested route."""
    extra = getattr(request.scope.get("route"), "openapi_extra", None) or {}
    return {"rule": extra.get(_RULE), "article": extra.get(_ARTICLE)}


def _malformation(error: Mapping[str, Any], basis: Mapping[str, str | None]) -> ProblemReason:
    kind, location = str(error["type"]), tuple(error["loc"])
    in_body = location[:1] == ("body",) and kind != "json_invalid"
    prefix = "" if in_body else f"{'.'.join(str(part) for part in location)}: "
    is_ours = kind not in _LIBRARY
    return ProblemReason(
        **basis,
        code=kind.replace("_", "-"),
        text=error["msg"] if is_ours else VALIDATION_TEXTS.get(kind, "内容或格式不正确"),
        evidence=(prefix.removesuffix(": ") or None) if is_ours else f"{prefix}{error['msg']}",
        pointer=_pointer(location[1:]) if in_body else None,
    )


def _pointer(path: Sequence[object]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
