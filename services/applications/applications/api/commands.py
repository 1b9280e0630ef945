"""What the commands of this service share: the rule that a body rests on, and which version its caller has read."""

from typing import Any

from chassis.handling import Refusal
from chassis.http import Call
from chassis.problems import rests_on
from rulebook import basis, reason


def by_rule(rule: str) -> dict[str, Any]:
    """For ``openapi_extra``: a malformed body is refused with this rule and its article."""
    return rests_on(rule, basis(rule).article)


def seen(call: Call, *, required: bool = False) -> int | None:
    """The version that the caller has read; refused (428, 400) with the rule where it is not named."""
    try:
        return call.if_match(required=required)
    except Refusal as refusal:
        given = call.request.headers.get("If-Match")
        why = reason("A6", refusal.code, "请在 If-Match 中写明所修改申报的版本", given)
        raise Refusal(refusal.code, why, status=refusal.status, title=refusal.title) from None
