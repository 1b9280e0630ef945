"""Actors of commands: who acts, and in which role the record shows it (P1, V14)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from chassis.handling import Filter, Handler
from chassis.http import RequestContext
from messages.values import Level
from rulebook import roles_apart_from

from review.api.policies import BatchMatter
from review.domain.case import Case
from review.domain.participants import participant_key
from review.domain.record import ActorRef
from review.handlers.loading import OfCase, documents_beside_case
from review.store import Store

C = TypeVar("C", bound=OfCase)
R = TypeVar("R")


async def actor_of(context: RequestContext[Any], resource: object, case: Case | None = None) -> ActorRef:
    """Return the actor in the role that the policy admits; refuse who may not act on ``resource``.

    ``case``: the one that it is about, whose assessor may have the same legal representative as the caller's.
    """
    also = await _affiliated(context, case) if case is not None else ()
    admitted = await context.authorize(resource, also=also)
    return ActorRef(context.actor.subject, admitted.by.role, context.actor.organisation)


async def acting_on(context: RequestContext[Any], case_id: str) -> tuple[Case, ActorRef]:
    """Return the case and who acts on it; refuse who may not see it, or takes part in it in a role apart (P3)."""
    case = await context.store.cases.require(case_id)
    return case, await actor_of(context, case, case)


async def acting_on_batch(context: RequestContext[Any], level: Level, year: int) -> ActorRef:
    """Return who acts on the whole batch; refuse who takes part in one of its cases in a role apart (P3)."""
    subject, own = context.actor.subject, context.actor.organisation
    apart = {other for role in context.actor.roles for other in roles_apart_from(role)}
    mine: list[Filter] = [
        {"participants.key": {"$in": sorted(participant_key(subject, role) for role in apart)}},
        {"panel.experts": subject},
    ]
    if own is not None:
        mine += [{"unit.uscc": own}, {"assessor.uscc": own}]
    where = {"$or": [{**each, "level": level, "batch_year": year} for each in mine]}
    return await actor_of(context, BatchMatter(tuple(await context.store.cases.find(where, limit=1))))


async def _affiliated(context: RequestContext[Any], case: Case) -> tuple[str, ...]:
    """Return the case's assessor where the caller's organisation is another one of its legal representative."""
    own = context.actor.organisation
    if own is None or case.assessor is None or own == case.assessor.uscc:
        return ()
    callers = await context.store.assessors.get(own)
    cases = await context.store.assessors.get(case.assessor.uscc) if callers is not None else None
    return (case.assessor.uscc,) if callers and cases and callers.shares_representative_with(cases) else ()


async def act_on_case(
    context: RequestContext[Store],
    handler: Handler[C, Store],
    command: C,
    reply: type[R],
    also: Iterable[tuple[str, str]] = (),
) -> R:
    """Execute a command about a case and declare what it reads; ``also`` names documents that it knows besides."""
    reads = [("cases", command.case_id), *also]
    return await context.execute(handler, command, prefetch=reads, prefetch_related=documents_beside_case, reply=reply)
