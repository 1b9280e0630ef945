"""What the commands of this service share: who acts, which version was seen, and the answer."""

from typing import Any

from chassis.handling import Refusal
from chassis.http.endpoint import RequestContext
from rulebook import reason

from assessor_quota.api.views import AssessorDetail, Kept
from assessor_quota.domain.entry import ActorRef


def by(call: RequestContext[Any]) -> ActorRef:
    return ActorRef(call.actor.subject, tuple(sorted(call.actor.roles)))


def seen(call: RequestContext[Any]) -> int | None:
    """The version that the caller has read; refused (428, 400) with the rule where it is not named."""
    try:
        return call.if_match(required=True)
    except Refusal as refusal:
        text = "请在 If-Match 中写明所修改登记的版本"
        why = reason("S7", refusal.code, text, call.request.headers.get("If-Match"))
        raise Refusal(refusal.code, why, status=refusal.status, title=refusal.title) from None


def tagged(call: RequestContext[Any], kept: Kept) -> AssessorDetail:
    call.set_etag(kept.version)
    return kept.assessor
