"""Versions in commands: the one that the caller has read, and the one that the answer names."""

from __future__ import annotations

from typing import Any

from chassis.handling import Refusal
from chassis.http import RequestContext
from rulebook import reason

from applications.api.views import ReceiptView


def expected_version(context: RequestContext[Any], *, required: bool = False) -> int | None:
    """Return the version that the caller has read; a Refusal (428, 400) with the rule where it is not named."""
    try:
        return context.if_match(required=required)
    except Refusal as refusal:
        given = context.request.headers.get("If-Match")
        why = reason("A6", refusal.code, "请在 If-Match 中写明所修改申报的版本", given)
        raise Refusal(refusal.code, why, status=refusal.status, title=refusal.title) from None


def with_etag(context: RequestContext[Any], receipt: ReceiptView) -> ReceiptView:
    """Name the receipt's version in the answer's ETag and return the receipt."""
    context.set_etag(receipt.version)
    return receipt
