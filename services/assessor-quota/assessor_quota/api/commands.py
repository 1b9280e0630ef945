"""Shared parts of the commands: the acting person, the version that was read, the reply, and the key ring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeAlias, TypeVar

from chassis.handling import Handler, Refusal
from chassis.http import RequestContext
from chassis.security import KeyRing
from fastapi import Depends, Request
from rulebook import reason

from assessor_quota.api.views import AssessorDetail, VersionedAssessorDetail
from assessor_quota.domain.entry import ActorRef
from assessor_quota.handlers import lookup
from assessor_quota.store import Store

C = TypeVar("C")


def key_ring(request: Request) -> KeyRing:
    """Return the keys of the digests that identify legal representatives, as main.py loaded them."""
    keys: KeyRing = request.app.state.keys
    return keys


Keys: TypeAlias = Annotated[KeyRing, Depends(key_ring)]


def actor_ref(context: RequestContext[Any]) -> ActorRef:
    return ActorRef(context.actor.subject, tuple(sorted(context.actor.roles)))


def expected_version(context: RequestContext[Any]) -> int | None:
    """Return the version that the caller has read; refused (428, 400) with the rule where it is not named."""
    try:
        return context.if_match(required=True)
    except Refusal as refusal:
        text = "请在 If-Match 中写明所修改登记的版本"
        why = reason("S7", refusal.code, text, context.request.headers.get("If-Match"))
        raise Refusal(refusal.code, why, status=refusal.status, title=refusal.title) from None


async def authorize_on(context: RequestContext[Store], uscc: str) -> None:
    """Refuse whoever acts on the assessor and belongs to it, or to another one of its legal representative (P3)."""
    assessor = await lookup.find_assessor(uscc, context.store)
    also = await affiliated(context, {uscc: assessor.representative.digest})
    await context.authorize(assessor, also=also, absent=lookup.unknown_assessor(uscc))


async def affiliated(context: RequestContext[Store], representatives: Mapping[str, str]) -> tuple[str, ...]:
    """Return the assessors whose legal representative, by digest, is also the one of the caller's organisation."""
    own = context.actor.organisation
    known = await context.store.assessors.get(own) if own is not None else None
    same = known.representative.digest if known is not None else None
    return tuple(uscc for uscc, digest in representatives.items() if digest == same)


async def execute(  # noqa: PLR0913 - a command and its options
    context: RequestContext[Store],
    handler: Handler[C, Store],
    command: C,
    uscc: str,
    *,
    persons: Iterable[str] = (),
    private: bool = False,
) -> AssessorDetail:
    """Perform a command that answers with the assessor ``uscc``, and name its new version in the ETag.

    ``persons`` are the digests under which the handler looks for a legal representative.
    """
    reads = [("assessors", uscc), *(("persons", digest) for digest in persons)]
    saved = await context.execute(handler, command, private=private, prefetch=reads, reply=VersionedAssessorDetail)
    context.set_etag(saved.version)
    return saved.assessor
