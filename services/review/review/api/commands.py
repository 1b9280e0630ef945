"""Actors of commands: who acts, and in which role the record shows it (P1, V14)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from chassis.handling import Handler
from chassis.http import RequestContext
from chassis.security import Allowed, Policy

from review.domain.case import Case
from review.domain.record import ActorRef
from review.handlers.loading import OfCase, documents_beside_case
from review.store import Store

C = TypeVar("C", bound=OfCase)
R = TypeVar("R")


async def actor_of(context: RequestContext[Any], policy: Policy, resource: object) -> ActorRef:
    """Return the actor in the role that the policy admits; refuse who may not act on ``resource``."""
    await context.authorize(resource)
    decided = policy.authorize(context.actor, resource)
    if not isinstance(decided, Allowed):
        raise TypeError(f"{policy.name} is not the policy of this route")
    return ActorRef(context.actor.subject, decided.by.role)


async def acting_on(context: RequestContext[Any], policy: Policy, case_id: str) -> tuple[Case, ActorRef]:
    """Return the case and who acts on it; refuse who may not see it."""
    case = await context.store.cases.require(case_id)
    return case, await actor_of(context, policy, case)


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
