"""What the commands of this service share: which version their caller has read."""

from typing import Any

from chassis.handling import Refusal
from chassis.http.endpoint import RequestContext
from rulebook import reason


def seen(call: RequestContext[Any], *, required: bool = False) -> int | None:
    """The version that the caller has read; refused (428, 400) with the rule where it is not named."""
    try:
        return call.if_match(required=required)
    except Refusal as refusal:
        given = call.request.headers.get("If-Match")
        why = reason("A6", refusal.code, "请在 If-Match 中写明所修改申报的版本", given)
        raise Refusal(refusal.code, why, status=refusal.status, title=refusal.title) from None
