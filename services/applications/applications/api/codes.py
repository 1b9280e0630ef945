"""Codes that fail their check and are genuine: recorded by the region, shown to everybody."""

from __future__ import annotations

from typing import Annotated

from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Body,
    Cursor,
    Limit,
    Page,
    RequestContext,
    based_on_rule,
    located_at,
    refuses,
)
from fastapi import Depends
from messages.entries import DocumentNumber
from messages.values import RecordedCode, Uscc
from rulebook import basis

from applications.api.policies import READ_CODES, RECORD_CODE
from applications.handlers import codes
from applications.store import Store

router = APIRouter(prefix="/codes", tags=["codes"], responses=PROBLEMS)
RecordCodes = Annotated[RequestContext[Store], Depends(Authorize(RECORD_CODE))]
ReadCodes = Annotated[RequestContext[Store], Depends(Authorize(READ_CODES))]


class CodeBody(Body):
    uscc: Uscc
    document_number: DocumentNumber
    """Of the certificate or the registering department's letter that shows the code."""


@router.post(
    "",
    summary="Record a genuine code whose check character fails",
    status_code=201,
    openapi_extra=based_on_rule(basis("A1")) | located_at("/v1/codes"),
    responses=refuses("code-needs-no-record", "code-recorded-already"),
)
async def record_code(body: CodeBody, context: RecordCodes) -> RecordedCode:
    """From now on every service lets it be entered; without a record it is refused as mistyped."""
    command = codes.RecordCode(body.uscc, body.document_number)
    return await context.execute(
        codes.record_code, command, resource=command, prefetch=[("codes", body.uscc)], reply=RecordedCode
    )


@router.get("", summary="List the recorded codes")
async def list_codes(context: ReadCodes, limit: Limit = DEFAULT_LIMIT, after: Cursor = None) -> Page[RecordedCode]:
    return await context.page(context.store.codes, limit=limit, after=after)
