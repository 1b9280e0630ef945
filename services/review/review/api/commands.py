"""What the commands share: who acts, and in which role the record says it was done (P1, V14)."""

from __future__ import annotations

from chassis.security.policies import Allowed, Policy
from chassis.http.endpoint import Call

from review.domain.case import Case
from review.domain.record import By
from review.store import Store


async def acting(call: Call, policy: Policy, resource: object) -> By:
    """Refuse who may not act on ``resource``; else who acts, in the role that the policy let in."""
    await call.allow(resource)
    decided = policy.decide(call.actor, resource)
    if not isinstance(decided, Allowed):
        raise TypeError(f"{policy.name} is not the policy of this route")
    return By(call.actor.subject, decided.by.role)


async def acting_on(call: Call, policy: Policy, case_id: str) -> tuple[Case, By]:
    """The case and who acts on it; nobody who may not see it learns more than that."""
    case = await call.reads(Store).cases.require(case_id)
    return case, await acting(call, policy, case)
